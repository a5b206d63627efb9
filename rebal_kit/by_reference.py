"""Named tuples handed on by reference in compiled code.

numba passes a tuple of arrays by value: every call takes each array apart into seven numbers and puts it together
again. The engine's desk holds a hundred arrays, and handing it on took most of the time of compiling and, in small
functions, of running. `by_reference` puts the tuple down once; from there on a pointer is passed, and a field is loaded
where it is used. What is put down never changes, which the loads say, so that they are moved out of loops.

Interpreted, the tuple itself is passed.
"""

from __future__ import annotations

from typing import Any, TypeVar

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.types.containers import BaseNamedTuple
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_builtin,
    lower_getattr_generic,
    register_model,
    type_callable,
    unbox,
)

T = TypeVar("T")


class Reference(types.Type):  # type: ignore[misc]
    """A pointer to a named tuple, with the tuple's fields as attributes."""

    def __init__(self, held: Any):
        self.held = held
        super().__init__(name=f"Reference({held})")


@register_model(Reference)
class _ReferenceModel(models.OpaqueModel):  # type: ignore[misc]
    """A bare pointer."""


def by_reference(held: T) -> T:
    """Return a reference to a named tuple, which lives as long as the function that asks for it runs."""
    return held


@type_callable(by_reference)
def _type_of_reference(_: Any) -> Any:
    def typed(held: Any) -> Any:
        return Reference(held) if isinstance(held, BaseNamedTuple) else None

    return typed


@lower_builtin(by_reference, BaseNamedTuple)
def _put_down(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ARG001 - numba's interface
    place = cgutils.alloca_once_value(builder, values[0])
    pointer = builder.bitcast(place, cgutils.voidptr_t)
    # The optimiser must not see that the loads, which call the tuple unchangeable, come from where it was just written.
    kind = ir.FunctionType(cgutils.voidptr_t, [cgutils.voidptr_t])
    return builder.asm(kind, "", "=r,0,~{memory}", [pointer], side_effect=True)


@infer_getattr
class _Fields(AttributeTemplate):  # type: ignore[misc]
    key = Reference

    def generic_resolve(self, reference: Any, name: str) -> Any:
        """Return the type of a field: a reference again where it is a named tuple."""
        if name not in reference.held.fields:
            return None
        return _field_type(reference.held, name)


def _field_type(held: Any, name: str) -> Any:
    field = held[held.fields.index(name)]
    return Reference(field) if isinstance(field, BaseNamedTuple) else field


@lower_getattr_generic(Reference)
def _load_field(context: Any, builder: Any, reference: Any, pointer: Any, name: str) -> Any:
    held = reference.held
    pointer = builder.bitcast(pointer, context.get_value_type(held).as_pointer())
    place = cgutils.gep_inbounds(builder, pointer, 0, held.fields.index(name))
    if isinstance(_field_type(held, name), Reference):
        return builder.bitcast(place, cgutils.voidptr_t)
    return _load(builder, place)


def _load(builder: Any, place: Any) -> Any:
    """Load what never changes, a structure part by part."""
    kind = place.type.pointee
    if isinstance(kind, (ir.LiteralStructType, ir.ArrayType)):
        parts = range(kind.count if isinstance(kind, ir.ArrayType) else len(kind.elements))
        whole = ir.Constant(kind, ir.Undefined)
        for part in parts:
            value = _load(builder, cgutils.gep_inbounds(builder, place, 0, part))
            whole = builder.insert_value(whole, value, part)
        return whole
    value = builder.load(place)
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


@unbox(Reference)
def _no_entrance(_: Any, __: Any, context: Any) -> Any:
    """Refuse: a reference is made in compiled code, and never comes from Python."""
    context.pyapi.err_set_string("PyExc_TypeError", "a reference cannot be given from Python")
    return NativeValue(ir.Constant(cgutils.voidptr_t, None), is_error=cgutils.true_bit)
