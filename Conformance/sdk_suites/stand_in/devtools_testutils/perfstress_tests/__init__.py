"""Streams that some tests take from the performance tests."""

import os


def get_random_bytes(size):
    return os.urandom(size)


class RandomStream:
    """Nothing that is collected reads it."""


AsyncRandomStream = WriteStream = RandomStream
