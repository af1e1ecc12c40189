"""The rules of the house that no tool checks: words are translated, SQL says what it does, migrations go back."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext, override
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
APPS = ("config", "members", "loyalty", "orders", "mall")
OURS = ("members", "loyalty", "orders", "mall")
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
GETTEXT = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}


def python_files() -> list[Path]:
    return [file for app in APPS for file in sorted((ROOT / app).rglob("*.py"))]


def messages_of_python(text: str) -> set[str]:
    """Return the literal messages of gettext calls."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if name in GETTEXT and texts:
                found.add(texts[1] if name.startswith("pgettext") and len(texts) > 1 else texts[0])
    return found


def messages_of_template(text: str) -> set[str]:
    """Return the messages of a template, as makemessages would see them."""
    calls = re.findall(r"(?<!\w)(?:_|n?gettext|pgettext)\((?:[^()]|\([^()]*\))*?\)", templatize(text))
    return {message for call in calls for message in messages_of_python(_plain(call))}


def _plain(call: str) -> str:
    try:
        ast.parse(call)
    except SyntaxError:
        return ""
    return call


def wanted() -> set[str]:
    texts = [messages_of_python(file.read_text("utf-8")) for file in python_files()]
    texts += [messages_of_template(file.read_text("utf-8")) for file in (ROOT / "templates").rglob("*.html")]
    return set().union(*texts)


def test_every_message_has_a_chinese_translation() -> None:
    translated = {entry.msgid for entry in polib.pofile(str(CATALOGUE)) if entry.translated()}

    with override("zh-hans"):  # Django translates its own words
        missing = sorted(text for text in wanted() - translated if gettext(text) == text)

    assert missing == []


def test_no_translation_is_fuzzy_or_loses_a_place() -> None:
    places = re.compile(r"%\(\w+\)[sd]|%[sd]")
    wrong = [
        entry.msgid
        for entry in polib.pofile(str(CATALOGUE))
        for text in (entry.msgstr, *entry.msgstr_plural.values())
        if text
        and (
            "fuzzy" in entry.flags
            or not set(places.findall(text)) <= set(places.findall(entry.msgid + entry.msgid_plural))
        )
    ]

    assert wrong == []


def test_compiled_catalogue_is_the_written_one() -> None:
    written = {
        (e.msgctxt, e.msgid): (e.msgstr, e.msgstr_plural) for e in polib.pofile(str(CATALOGUE)) if e.translated()
    }
    compiled = {
        (e.msgctxt, e.msgid): (e.msgstr, e.msgstr_plural) for e in polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    }

    assert compiled == written


@pytest.mark.parametrize("file", sorted(ROOT.glob("*/sql/**/*.sql")), ids=lambda file: str(file.relative_to(ROOT)))
def test_sql_says_what_it_reads_and_writes_and_is_run(file: Path) -> None:
    text = file.read_text("utf-8")

    head = text[: text.index("\nselect") if "\nselect" in text else 800]
    assert head.startswith("--")
    if file.parent.name != "audit":
        app = file.relative_to(ROOT).parts[0]
        run = re.compile(rf'\bsql\.(?:run|over)\(\s*"{app}",\s*"{file.stem}"')
        assert any(run.search(python.read_text("utf-8")) for python in python_files())


def test_every_migration_of_ours_can_be_undone() -> None:
    loader = MigrationLoader(None)

    one_way = [
        f"{app}.{name}"
        for (app, name), migration in loader.disk_migrations.items()
        if app in OURS
        for operation in migration.operations
        if isinstance(operation, migrations.RunSQL | migrations.RunPython) and not operation.reversible
    ]

    assert one_way == []


def test_modules_are_named_for_their_subject() -> None:
    drawers = {"services", "utils", "helpers", "selectors", "common", "misc"}

    assert [file for file in python_files() if file.stem in drawers] == []


def test_domain_modules_read_no_clock() -> None:
    edges = {"views", "admin", "tasks", "sign_in", "sms", "back_office", "dashboard", "forms"}
    clocks = re.compile(r"timezone\.now\(|datetime\.now\(|utcnow\(")

    readers = [
        str(file.relative_to(ROOT))
        for file in python_files()
        if file.stem not in edges
        and not {"admin", "commands", "config", "migrations", "views"} & set(file.relative_to(ROOT).parts)
        if clocks.search(file.read_text("utf-8"))
    ]

    assert readers == []


def test_our_apps_have_no_signals() -> None:
    assert {app.name for app in apps.get_app_configs()} >= set(OURS)
    assert [file for file in python_files() if "django.db.models.signals" in file.read_text("utf-8")] == []
