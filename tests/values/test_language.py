import pytest

from foundry_bench.values.language import LANGUAGES, guess

TEXTS = {
    "de": "Der Zug ist heute nicht pünktlich, weil ein Baum auf die Gleise gefallen ist.",
    "en": "The train isn't on time today, since a tree has fallen on the line.",
    "es": "El tren no es puntual hoy porque un árbol se ha caído en la vía y no hay otro.",
    "fr": "Le train n'est pas à l'heure, car un arbre est tombé sur les voies et nous devons attendre.",
    "hr": "Vlak danas kasni jer je na prugu palo stablo, a tko žuri može s autobusom koji vozi u grad.",
    "it": "Il treno non è in orario perché un albero è caduto sui binari, ma la strada è libera.",
    "ja": "木が線路に倒れたので、電車は遅れています。",
    "ko": "나무가 선로에 쓰러져서 기차가 늦습니다.",
    "sl": "Vlak ima danes zamudo, ker je na progo padlo drevo, zato gremo lahko z avtobusom.",
    "zh": "一棵树倒在铁路上。所以火车今天晚点了。",
}


def test_every_language_is_tried() -> None:
    assert set(TEXTS) == set(LANGUAGES)


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_of_each(code: str) -> None:
    found = guess(TEXTS[code])
    assert found is not None
    assert found.language == code
    assert 0.5 <= found.sureness <= 1


@pytest.mark.parametrize(
    "text", ["", "OK", "4711, 4712", "Lena Novak", "def f(x): return x", "Привет, как дела сегодня?"]
)
def test_what_is_too_little_is_not_told(text: str) -> None:
    assert guess(text) is None


def test_a_name_in_another_script_decides_nothing() -> None:
    found = guess(f"{TEXTS['en']} Her name is 田中さん.")
    assert found is not None
    assert found.language == "en"
