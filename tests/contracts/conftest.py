"""A language model of random weights, for the contracts of encoders."""

import pytest


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """A BERT of random weights and few words, made on the spot."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny"
    words = BertWordPieceTokenizer()
    words.train_from_iterator(["amber rake", "blue kettle for the garden"], vocab_size=90, show_progress=False)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=words.get_vocab_size(), max_position_embeddings=32, **sizes)).save_pretrained(
        folder
    )
    BertTokenizerFast(tokenizer_object=words._tokenizer, model_max_length=32).save_pretrained(folder)
    return folder


@pytest.fixture
def postgres(postgres_server):
    """An empty database of the server."""
    from sqlalchemy import create_engine, make_url, text

    engine = create_engine(make_url(postgres_server).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS log, slates, items, vectors, states"))
    engine.dispose()
    return postgres_server
