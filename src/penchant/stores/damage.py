"""What is read from a store may be damaged: however it shows, it is one error of the store."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from penchant.errors import StoreError

D = TypeVar("D")
T = TypeVar("T")
_DAMAGE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def whole(read: Callable[[D], T]) -> Callable[[D], T]:
    """Let damage of any kind be a StoreError, which tells what was read and nothing of what stood there."""

    @wraps(read)
    def checked(document: D) -> T:
        try:
            return read(document)
        except _DAMAGE as error:
            what = read.__name__.removeprefix("to_")
            raise StoreError(f"damaged {what} in the store: {type(error).__name__}") from error

    return checked
