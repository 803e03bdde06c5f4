"""Tiny language models with random weights, made on the spot."""

import pytest

CORPUS = ["red mug", "scarlet cup", "garden hose", "a summer dress for warm days", "winter boots"]


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A BERT checkpoint without sentence-transformers modules, reading 32 tokens."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    words = BertWordPieceTokenizer()
    words.train_from_iterator(CORPUS, vocab_size=120, min_frequency=1, show_progress=False)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(tokenizer_object=words._tokenizer, model_max_length=32).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_gpt(tmp_path_factory):
    """A GPT-2 checkpoint whose tokenizer has no padding."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import GPT2Config, GPT2Model, GPT2TokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny-gpt"
    pairs = ByteLevelBPETokenizer()
    end = "<|endoftext|>"
    pairs.train_from_iterator(CORPUS, vocab_size=300, min_frequency=1, special_tokens=[end], show_progress=False)
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=pairs.get_vocab_size(), n_embd=16, n_layer=1, n_head=2, n_positions=32)
    GPT2Model(config).save_pretrained(folder)
    tokenizer = GPT2TokenizerFast(tokenizer_object=pairs._tokenizer, eos_token=end, bos_token=end, unk_token=end)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_sentences(tiny_bert, tmp_path_factory):
    """A folder of sentence-transformers that wants prompts."""
    from sentence_transformers import SentenceTransformer

    folder = tmp_path_factory.mktemp("models") / "tiny-sentences"
    model = SentenceTransformer(str(tiny_bert), local_files_only=True, prompts={"query": "red ", "passage": "cup "})
    model.save(str(folder), create_model_card=False)
    return folder
