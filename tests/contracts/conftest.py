"""A PostgreSQL server of the tests' own: made in a temporary folder, on a socket, gone when they end."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


def program(name):
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    assert path, f"{name} is not installed: sh scripts/install_system.sh"
    return path


@pytest.fixture(scope="session")
def postgres_server():
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None  # the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="penchant-pg-", dir="/tmp"))

    def run(*command):
        who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=60, **who)

    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    run(program("initdb"), "-D", str(data), "-U", "penchant", "--auth=trust", "--no-sync", "-E", "UTF8")
    run(program("pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql://penchant@/postgres?host={folder}"
    finally:
        run(program("pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


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
