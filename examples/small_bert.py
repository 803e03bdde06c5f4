"""A small BERT of random weights that reads Chinese character by character: it learns in seconds, and offline."""

from pathlib import Path


def untrained(folder: Path, texts: list[str]) -> Path:
    """Write its checkpoint, with a vocabulary of the characters in some texts."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set("".join(texts)) - {" "})]
    reads = BertWordPieceTokenizer(vocab={word: code for code, word in enumerate(words)})
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=48,
        initializer_range=0.1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(tokenizer_object=reads._tokenizer, model_max_length=48).save_pretrained(folder)
    return folder
