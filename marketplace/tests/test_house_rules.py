"""The rules of the house, read off the source: what a reviewer would otherwise have to remember."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from marketplace.checks import every_route_has_a_policy

pytestmark = pytest.mark.sources

APPS = ("marketplace", "credits", "projects", "escrow", "mediation", "payouts")
STATES = {"state", "mail_state"}
LONGEST, LONGEST_VIEW = 40, 15
Rule = Callable[[Path, ast.Module], Iterator[ast.AST]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def sources() -> dict[Path, ast.Module]:
    """Every module of ours but migrations and the stand-in of Stripe, which is another program."""
    found = {}
    for app in APPS:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            if not {"migrations", "sandbox"} & set(path.relative_to(settings.BASE_DIR).parts):
                found[path.relative_to(settings.BASE_DIR)] = ast.parse(path.read_text())
    return found


def is_test(path: Path) -> bool:
    return bool({"tests", "testing"} & set(path.parts))


def is_model(path: Path) -> bool:
    return path.name == "models.py" or "models" in path.parts


def is_view(path: Path) -> bool:
    return path.name == "views.py" or "views" in path.parts


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from `def` to the last, without decorators."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def calls(tree: ast.AST, *chain: str) -> Iterator[ast.Call]:
    """Calls of `….a.b(…)` for the chain a, b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-len(chain) :] == list(chain):
            yield node


def state_set_outside_models(path: Path, tree: ast.Module) -> Iterator[ast.AST]:
    """A state changes in a transition, and transitions are methods of models."""
    if is_model(path) or is_test(path):
        return
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            yield from (t for t in targets if isinstance(t, ast.Attribute) and t.attr in STATES)
    for call in calls(tree, "update"):
        yield from (keyword for keyword in call.keywords if keyword.arg in STATES)


def row_saved_in_a_view(path: Path, tree: ast.Module) -> Iterator[ast.AST]:
    """Views call transitions; only a form saves (it calls one)."""
    if is_view(path) and not is_test(path):
        yield from (call for call in calls(tree, "save") if ast.unparse(call.func) != "form.save")


def row_fetched_without_scope(path: Path, tree: ast.Module) -> Iterator[ast.AST]:
    """Views take their objects from a queryset that knows who asks."""
    if is_view(path) and not is_test(path):
        yield from calls(tree, "objects", "get")


def long_function(path: Path, tree: ast.Module) -> Iterator[ast.AST]:
    """No function over 40 lines."""
    yield from (function for function in functions(tree) if length(function) > LONGEST)


def long_view(path: Path, tree: ast.Module) -> Iterator[ast.AST]:
    """A view is HTTP and nothing else: 15 lines."""
    if is_view(path) and not is_test(path):
        policed = (f for f in functions(tree) if any("policy(" in ast.unparse(d) for d in f.decorator_list))
        yield from (function for function in policed if length(function) > LONGEST_VIEW)


def stripe_outside_the_gateway(path: Path, tree: ast.Module) -> Iterator[ast.AST]:
    """One file knows Stripe."""
    if path == Path("marketplace/payments/gateway.py") or is_test(path):
        return
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.partition(".")[0] == "stripe" for name in names):
            yield node


def form_with_all_fields(path: Path, tree: ast.Module) -> Iterator[ast.AST]:
    """A new column must not enter a form by itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value == "__all__":
            yield node


def import_inside_a_function(path: Path, tree: ast.Module) -> Iterator[ast.AST]:
    """Imports stand at the top, where import-linter's direction is plain to see."""
    for function in functions(tree) if not is_test(path) else ():
        yield from (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))


def file_without_a_subject(path: Path, tree: ast.Module) -> Iterator[ast.AST]:
    """No file that is named for anything and nothing."""
    if path.name in {"services.py", "utils.py", "helpers.py", "signals.py"}:
        yield tree


RULES: list[Rule] = [
    state_set_outside_models,
    row_saved_in_a_view,
    row_fetched_without_scope,
    long_function,
    long_view,
    stripe_outside_the_gateway,
    form_with_all_fields,
    import_inside_a_function,
    file_without_a_subject,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_house_rule_holds_everywhere(rule: Rule) -> None:
    broken = [
        f"{path}:{getattr(node, 'lineno', 1)}: {rule.__doc__}"
        for path, tree in sources().items()
        for node in rule(path, tree)
    ]
    assert not broken, "\n".join(broken)


BROKEN = {
    state_set_outside_models: "payment.state = 'PAID'",
    row_saved_in_a_view: "row.save()",
    row_fetched_without_scope: "Project.objects.get(pk=1)",
    long_function: "def f():\n" + "    pass\n" * 41,
    long_view: "@policy('x')\ndef f(request):\n" + "    pass\n" * 16,
    stripe_outside_the_gateway: "import stripe.error",
    form_with_all_fields: "fields = '__all__'",
    import_inside_a_function: "def f():\n    import os",
}


@pytest.mark.parametrize(("rule", "text"), BROKEN.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_house_rule_sees_a_breach(rule: Rule, text: str) -> None:
    assert list(rule(Path("projects/views.py"), ast.parse(text)))


def test_state_set_in_bulk_is_a_breach_too() -> None:
    text = ast.parse("Project.objects.filter(pk=1).update(state='OPEN')")
    assert list(state_set_outside_models(Path("projects/tasks.py"), text))
    assert not list(state_set_outside_models(Path("projects/models/projects.py"), text))


def test_every_route_has_a_policy() -> None:
    assert every_route_has_a_policy(None) == []
