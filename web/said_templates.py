"""Templates compiled once a language, with their sentences said: a page looks nothing up in a catalogue.

A page says some hundreds of sentences, and each costs more by far than the letters that it writes. So what `_` and
`trans` say of a sentence that stands in the template is put there as it is compiled; only what it is filled with is
left for the request. A sentence that comes from somewhere else (`_(words)`) is looked up as ever. Filters that write
days and numbers are told their language then, too.

A page also writes some thousands of pieces. The code of a template puts those that follow one another together, takes
a list of lines for one piece, and escapes each as text (`written`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from flask.templating import Environment
from jinja2 import Template, nodes
from jinja2.compiler import CodeGenerator, Frame, MacroRef
from jinja2.environment import TemplateModule
from jinja2.runtime import Context, Macro
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape
from markupsafe import _escape_inner as escape_text  # type: ignore[attr-defined]  # `escape`, but that it gives no Markup

from web.language import Sentence, catalogue, spoken

_GAP = re.compile(r"%\((\w+)\)s")


class SaidTemplates(Environment):
    """Where an application's templates come from: each as the language of the request says it."""

    language: str | None = None
    """In which language it says them; None of the one that an application has, which asks the others."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._speaking: dict[str, Callable[..., str]] = {}
        self._said: dict[str, SaidTemplates] = {}

    def speak(self, *filters: Callable[..., str]) -> None:
        """Take filters by their names, whose `language` each template gives them."""
        self._speaking |= {each.__name__: each for each in filters}
        self.filters |= self._speaking

    def get_or_select_template(self, *args: Any, **kwargs: Any) -> Template:
        return super(SaidTemplates, self._of(spoken())).get_or_select_template(*args, **kwargs)

    def _of(self, language: str) -> SaidTemplates:
        if self.language is not None:
            return self
        if language not in self._said:
            said = self.overlay()
            said.language = language
            said.filters = self.filters | {
                name: partial(each, language=language) for name, each in self._speaking.items()
            }
            self._said[language] = said
        return self._said[language]


@lru_cache
def writing(language: str | None) -> Callable[[Any], str]:
    """Return what writes the pieces of a page in a language; of None, in that of the request."""

    def written(value: Any) -> str:
        """Return what `escape` says of a piece, as text: it is joined with the rest of its page alone."""
        kind = type(value)
        if kind is str:
            return escape_text(value)
        text: str = (
            value if kind is Markup else value.said_in(language) if kind is Sentence else escape(value)
        )
        return text

    return written


class QuickMacro(Macro):
    """A macro that does not sort out what it was given, where that is what it names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_plain = not (self.caller or self.catch_kwargs or self.catch_varargs or self.explicit_caller)

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        if self._is_plain and not kwargs and len(args) == self._argument_count:
            return str.__new__(Markup, self._func(*args))
        left = self.arguments[len(args) :]
        takes_more = self.catch_kwargs or self.catch_varargs or self.explicit_caller
        if takes_more or self.caller != ("caller" in kwargs):
            return super().__call__(*args, **kwargs)
        if left or kwargs:
            if kwargs.keys() - {*left, "caller"}:
                return super().__call__(*args, **kwargs)
            args += tuple(kwargs.get(name, missing) for name in left)
            if self.caller:
                args += (kwargs["caller"],)
        return str.__new__(Markup, self._func(*args))


class QuickTemplate(Template):
    """A template of which the macros are made once: every template here has the same globals."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        return super()._get_default_module()


class _Saying(CodeGenerator):
    """Writes a template's code, its sentences said first."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802  named by the visitor
        language = getattr(self.environment, "language", None)
        if language is not None:
            _Sayer(language).visit(node)
            node.set_environment(self.environment)
        self.writeline(f"from {__name__} import QuickMacro, writing")
        self.writeline(f"written = writing({language!r})")
        super().visit_Template(node, frame)

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802  named by the visitor
        """Hand on what a list writes as one piece: each goes through every template that the page's extends."""
        if frame.buffer is not None or frame.require_output_check:
            super().visit_For(node, frame)
            return
        self.buffer(frame)
        super().visit_For(node, frame)
        self.writeline(f"yield concat({frame.buffer})")
        frame.buffer = None

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:  # noqa: N802  named by the visitor
        """Call what a template calls, without asking of it each time whether it wants to know of its template."""
        if self._wants_context(node.node) or not _is_plain(node):
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.visit(node.node, frame)
        self.write("(")
        for each in (*node.args, *node.kwargs):
            self.visit(each, frame)
            self.write(", ")
        self.write("caller=caller)" if forward_caller else ")")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802  named by the visitor
        """Take what an object has there; only where it has none is Jinja asked, which looks into it, too."""
        self.write("(found if (found := getattr((holder := ")
        self.visit(node.node, frame)
        self.write(
            f"), {node.attr!r}, missing)) is not missing else environment.getattr(holder, {node.attr!r}))"
        )

    def _wants_context(self, called: nodes.Expr) -> bool:
        known = self.environment.globals.get(called.name) if isinstance(called, nodes.Name) else None
        return hasattr(known, "jinja_pass_arg")

    def _output_child_pre(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("written(")

    def macro_def(self, macro_ref: MacroRef, frame: Frame) -> None:
        """Make a quick one: Jinja goes on with the name of its own."""
        self.write("Quick")
        super().macro_def(macro_ref, frame)


SaidTemplates.code_generator_class = _Saying
SaidTemplates.template_class = QuickTemplate


class _Sayer(NodeTransformer):
    """Puts in the place of each sentence what its language says."""

    def __init__(self, language: str) -> None:
        self._said = catalogue(language)

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        """Visit what is in a node, and put what it writes in a row together."""
        super().generic_visit(node, *args, **kwargs)
        for name in ("body", "else_"):
            within = getattr(node, name, None)
            if isinstance(within, list):
                setattr(node, name, _together(within))
        return node

    def visit_Output(self, node: nodes.Output) -> list[nodes.Node]:  # noqa: N802  named by the visitor
        """What a template writes: piece by piece, and one of two sentences where a number chooses."""
        pieces: list[nodes.Node] = []
        for each in node.nodes:
            pieces += self._outputs(each)
        return _together(pieces)

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802  named by the visitor
        """A sentence that is handed on, or filled with another."""
        self.generic_visit(node)
        message, given = _sentence(node), _given(node)
        if message is None or not _can_be_filled(said := self._said.gettext(message), given):
            return node
        filled = nodes.Dict([nodes.Pair(nodes.Const(name), value) for name, value in given.items()])
        if not given:
            return nodes.MarkSafeIfAutoescape(nodes.Const(said.replace("%%", "%")), lineno=node.lineno)
        return nodes.Mod(nodes.MarkSafeIfAutoescape(nodes.Const(said)), filled, lineno=node.lineno)

    def _outputs(self, node: nodes.Expr | None) -> list[nodes.Node]:
        written = [] if node is None else self._written(node)
        return [one if isinstance(one, nodes.If) else nodes.Output([one]) for one in written]

    def _written(self, node: nodes.Expr) -> list[Any]:
        if isinstance(node, nodes.CondExpr):
            chosen, other = self._outputs(node.expr1), self._outputs(node.expr2)
            return [nodes.If(self.visit(node.test), chosen, [], other, lineno=node.lineno)]
        self.generic_visit(node)
        if not isinstance(node, nodes.Call):
            return [node]
        given = _given(node)
        message = _sentence(node)
        if message is not None and _can_be_filled(said := self._said.gettext(message), given):
            return _pieces(said, given)
        two = _two_sentences(node)
        if two is None:
            return [self.visit(node)]
        one, many, number = two
        given = {"num": number} | given
        for_one, for_none, for_many = (self._said.ngettext(one, many, count) for count in (1, 0, 2))
        if not (_can_be_filled(for_one, given) and _can_be_filled(for_many, given)):
            return [node]
        # French counts nothing as one.
        few = [1, 0] if for_none == for_one else [1]
        return [
            nodes.If(
                nodes.Compare(number, [nodes.Operand("in", nodes.Const(tuple(few)))]),
                [nodes.Output(_pieces(for_one, given), lineno=node.lineno)],
                [],
                [nodes.Output(_pieces(for_many, given), lineno=node.lineno)],
                lineno=node.lineno,
            )
        ]


def _together(written: list[nodes.Node]) -> list[nodes.Node]:
    """The same, what is written in a row as one node."""
    together: list[nodes.Node] = []
    for each in written:
        last = together[-1] if together else None
        if isinstance(each, nodes.Output) and isinstance(last, nodes.Output):
            last.nodes += each.nodes
        else:
            together.append(each)
    return together


def _is_plain(node: nodes.Call) -> bool:
    """Whether it says of each argument what it is for."""
    return node.dyn_args is None and node.dyn_kwargs is None


def _called(node: nodes.Call, *names: str) -> bool:
    return _is_plain(node) and isinstance(node.node, nodes.Name) and node.node.name in names


def _constant(node: nodes.Expr) -> str | None:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None


def _sentence(node: nodes.Call) -> str | None:
    """The sentence that is said there, where it stands in the template; to gettext an empty one is no sentence."""
    if not _called(node, "_", "gettext") or len(node.args) != 1:
        return None
    return _constant(node.args[0]) or None


def _two_sentences(node: nodes.Call) -> tuple[str, str, nodes.Expr] | None:
    """The sentences for one and for many, and the number that chooses."""
    if not _called(node, "ngettext") or len(node.args) != 3:
        return None
    one, many = _constant(node.args[0]), _constant(node.args[1])
    return None if not one or not many else (one, many, node.args[2])


def _given(node: nodes.Call) -> dict[str, nodes.Expr]:
    return {each.key: each.value for each in node.kwargs}


def _can_be_filled(said: str, given: Mapping[str, nodes.Expr]) -> bool:
    """Whether it has gaps only of the kind that is filled piece by piece, and something for each."""
    rest = _GAP.sub("", said.replace("%%", ""))
    return "%" not in rest and set(_GAP.findall(said)) <= given.keys()


def _pieces(said: str, given: Mapping[str, nodes.Expr]) -> list[nodes.Expr]:
    """A sentence piece by piece: its words, which are markup, and what fills its gaps, which is escaped."""
    pieces: list[nodes.Expr] = []
    for place, piece in enumerate(_GAP.split(said)):
        if place % 2:
            pieces.append(given[piece])
        elif piece:
            pieces.append(nodes.TemplateData(piece.replace("%%", "%")))
    return pieces
