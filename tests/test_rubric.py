"""Question files: what is refused and how it is said, and forms."""

from pathlib import Path

import pytest
from conftest import QUESTION

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.rubric import fingerprint, load_questions, render, render_form


def write(folder: Path, text: str, name: str = "a.yml") -> Path:
    (folder / name).write_text(text)
    return folder


BROKEN = {
    "unknown key": (lambda q: q.replace("points: 5", "point: 5"), "shop-01.rate: unknown key 'point'"),
    "unknown key of a check": (lambda q: q.replace("unit: percent", "units: percent"), "unknown key 'units'"),
    "missing key": (lambda q: q.replace("  title: Conversion\n", ""), "shop-01: missing key 'title'"),
    "two kinds of check": (lambda q: q.replace("{any: [\"margin per visit\"]}", "{any: [x], number: 3}"), "one kind"),
    "no kind of check": (lambda q: q.replace("{any: [\"margin per visit\"]}", "{}"), "one kind"),
    "none alone": (lambda q: q.replace("{any: [\"margin per visit\"]}", "{none: [x]}"), "none"),
    "zero points": (lambda q: q.replace("points: 2", "points: 0"), "points must not be 0"),
    "criterion twice": (lambda q: q.replace("id: margin", "id: rate"), "duplicate criterion id 'rate'"),
    "mark of nothing": (lambda q: q.replace("met: [rate, decide]", "met: [speed]"), "unknown criterion 'speed'"),
    "too much harm": (lambda q: q.replace("points: -4", "points: -10").replace("points: 5", "points: 2"), "outweigh"),
    "no business impact": (lambda q: q.replace("business_impact", "reliability"), "no positive criterion"),
    "not YAML": (lambda q: q + "\n: [", "not valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_clear_line(name, tmp_path):
    change, expected = BROKEN[name]
    with pytest.raises(RubricError) as error:
        load_questions(write(tmp_path, change(QUESTION)))
    assert expected in str(error.value)
    assert "a.yml" in str(error.value)
    assert "\n" not in str(error.value)


def test_duplicate_question_id_names_both_files(tmp_path):
    write(tmp_path, QUESTION)
    with pytest.raises(RubricError, match=r"b\.yml: duplicate question id 'shop-01', already in a\.yml"):
        load_questions(write(tmp_path, QUESTION, "b.yml"))


def test_a_folder_without_questions(tmp_path):
    with pytest.raises(RubricError, match="no question files"):
        load_questions(tmp_path)
    with pytest.raises(RubricError, match="no such file or folder"):
        load_questions(tmp_path / "absent")


def test_a_template_that_names_a_missing_parameter(tmp_path):
    questions = load_questions(write(tmp_path, QUESTION.replace("{{ orders }} orders", "{{ sales }} orders")))
    with pytest.raises(
        RubricError, match=r"question shop-01, prompt: 'sales' is undefined \(known names: visits, orders, shop, rate\)"
    ):
        render_form(questions)


def test_a_computed_name_that_fails(tmp_path):
    questions = load_questions(write(tmp_path, QUESTION.replace("orders / visits * 100", "orders / (visits - visits)")))
    with pytest.raises(RubricError, match=r"let\.rate: .*zero"):
        render_form(questions)


def test_templates_cannot_reach_python(tmp_path):
    questions = load_questions(write(tmp_path, QUESTION.replace("{{ orders }} orders", "{{ shop.__class__.__mro__ }}")))
    with pytest.raises(RubricError, match="prompt"):
        render_form(questions)


def test_forms_are_drawn_by_question_and_form(tmp_path):
    ((category, question),) = load_questions(write(tmp_path, QUESTION))
    canonical = render(question, category)
    assert canonical.prompts[0].startswith('Orla\'s "Mugs" had 2,000 visits and 50 orders.')
    assert len(canonical.prompts) == 3
    assert canonical.criteria[0].text == "Conversion rate 2.50%"
    drawn = [render(question, category, form) for form in range(1, 9)]
    assert drawn == [render(question, category, form) for form in range(1, 9)]
    assert all("2,000 visits" not in d.prompts[0] and "50 orders" not in d.prompts[0] for d in drawn)
    assert len({d.prompts[0] for d in drawn}) > 2


def test_fingerprint_changes_with_any_question(tmp_path):
    write(tmp_path, QUESTION)
    before = fingerprint(tmp_path)
    write(tmp_path, QUESTION.replace("points: 5", "points: 4"))
    assert fingerprint(tmp_path) != before


def test_rounding_is_that_of_people(tmp_path):
    half = QUESTION.replace(
        "{{ visits|num }} visits and", "{{ 4.675|num(2) }} {{ 2.5|num }} {{ (-1183.5)|num }} {{ 1.005|round(2) }} visits and"
    )
    ((category, question),) = load_questions(write(tmp_path, half))
    assert "4.68 3 -1,184 1.01 visits" in render(question, category).prompts[0]
