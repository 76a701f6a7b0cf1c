"""ONNX models whose messages are sound to protobuf, and not what a reader expects."""

from typing import Any

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.fuzzing.odd_values import any_number, any_text, damaged_json

NUMBER, REAL, TEXT, BYTES, MESSAGE = "number", "real", "text", "bytes", "message"

_KINDS = {
    FieldDescriptor.CPPTYPE_FLOAT: REAL,
    FieldDescriptor.CPPTYPE_DOUBLE: REAL,
    FieldDescriptor.CPPTYPE_STRING: TEXT,
    FieldDescriptor.CPPTYPE_MESSAGE: MESSAGE,
}


def edited(content: bytes, rng: np.random.Generator) -> bytes:
    """One to three fields, anywhere in the model, are set, cleared, repeated or reordered."""
    model = onnx.load_model_from_string(content)
    for _ in range(int(rng.integers(1, 4))):
        _edit(_any_message(model, rng), rng)
    return bytes(model.SerializeToString())


def _any_message(message: Message, rng: np.random.Generator) -> Message:
    """A walk downwards that stops somewhere."""
    while rng.random() < 0.85:
        parts = [
            part
            for field, value in message.ListFields()
            if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE
            for part in (value if _repeats(field) else [value])
        ]
        if not parts:
            break
        message = parts[int(rng.integers(len(parts)))]
    return message


def _edit(message: Message, rng: np.random.Generator) -> None:
    present = [field for field, _ in message.ListFields()]
    every = list(message.DESCRIPTOR.fields)
    known = present if present and rng.random() < 0.85 else every
    field = known[int(rng.integers(len(known)))]
    if rng.random() < 0.15:
        message.ClearField(field.name)
    elif _repeats(field):
        _edit_list(getattr(message, field.name), field, rng)
    elif field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        getattr(message, field.name).SetInParent()
    else:
        setattr(message, field.name, _value(field, getattr(message, field.name), rng))


def _edit_list(items: Any, field: Any, rng: np.random.Generator) -> None:
    is_message = field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE
    if not items:
        if is_message:
            items.add()
        else:
            items.append(_value(field, 0, rng))
        return
    place = int(rng.integers(len(items)))
    pick = int(rng.integers(4))
    if pick == 0:
        del items[place]
    elif pick == 1:
        items.append(items[place])
    elif pick == 2 or is_message:
        order = list(items)
        del items[:]
        items.extend(order[place:] + order[:place])
    else:
        items[place] = _value(field, items[place], rng)


def _value(field: Any, old: Any, rng: np.random.Generator) -> Any:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes(rng.integers(0, 256, int(rng.integers(0, 40)), dtype=np.uint8))
    kind = _KINDS.get(field.cpp_type, NUMBER)
    if kind == TEXT:
        text = str(old)
        return damaged_json(text, rng) if text.startswith("{") else any_text(rng)
    number = any_number(rng)
    if kind == REAL:
        return float(number) if abs(number) < 1e38 else float("inf")
    return _fitting(field, number)


def _fitting(field: Any, number: float) -> int:
    """The number, cut to what the field holds."""
    whole = int(number) if np.isfinite(number) and abs(number) < 1e19 else -7
    if field.enum_type is not None:
        values = field.enum_type.values
        return int(values[whole % len(values)].number)
    bits = 32 if field.cpp_type in (
        FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32
    ) else 64  # fmt: skip
    if field.cpp_type in (FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64):
        return whole % (1 << bits)
    return max(-(1 << (bits - 1)), min((1 << (bits - 1)) - 1, whole))


def _repeats(field: Any) -> bool:
    return bool(field.is_repeated)
