"""Which of a few languages a text is in, told by its script or by its most frequent small words."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

# Small words, the most frequent of each language: they stand in nearly every sentence, whatever it is about.
_WORDS = {
    "de": "der die das den dem des und ist nicht ein eine einen einer mit für auf von zu im sich auch es wird werden "
    "sind oder als an aus bei nach wie wir sie ich er noch nur durch über um zum zur kann haben hat am dass",
    "en": "the of and to in is that it for on with as are was be this by an or from at which not have has can will "
    "they their you your we i a my me so what how do but if when its were been would there about into than more "
    "i'm i'll you're it's that's don't can't",
    "es": "el la los las de y que en un una es por para con no se del al lo como más pero sus le ya o este está son "
    "su también entre cuando muy sin sobre ser hay todo esta puede",
    "fr": "le la les des et est un une que qui dans pour pas sur avec ne se ce il au du par plus sont en ou mais "
    "nous vous leur ses cette ces aux être été comme elle peut sans on c'est n'est qu'il",
    "hr": "je i u na se da za su od s što koji kao ili a ne to iz bi te po koje koja može više samo biti prije kako "
    "ali nije sve dok kada ako njihov bio bila smo ste tko gdje jer nego uz kroz također",
    "it": "il lo la gli le di e che in un una è per con non si del della dei delle al da come più ma sono anche nel "
    "alla o questo questa suo essere ha tra quando su ci può i",
    "sl": "je in v na se da za so od s z ki kot ali pa ne to iz bi ter po ga pri tudi še več le biti kako ampak ni vse "
    "ko če njihov bil bila smo ste kdo kjer saj lahko med pred brez zelo sem bo bodo do jih si ob zato",
}
_SCRIPTS = {"ja": r"[\u3040-\u30ff]", "ko": r"[\uac00-\ud7af]"}
_HAN = r"[\u3400-\u9fff]"
_LATIN = r"[A-Za-z\u00c0-\u024f]"
_LATIN_WORD = r"[A-Za-z\u00c0-\u024f]+(?:'[A-Za-z\u00c0-\u024f]+)?"

LANGUAGES = tuple(sorted({*_WORDS, *_SCRIPTS, "zh"}))
# Less is a name or a heading rather than a sentence.
FEWEST_HITS = 2.0
LEAST_SURENESS = 0.5
_FEWEST_SIGNS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A language by its code; ``sureness`` is its share of all the evidence found, from 0.5 to 1."""

    language: str
    sureness: float


def guess(text: str) -> Guess | None:
    """The language of a text; None where it is too short, or no language has half of the evidence.

    Scripts come first: kana are Japanese, hangul Korean, Chinese characters without either Chinese; they decide
    where they outnumber the Latin letters (a sign says about as much as three letters). Latin text is told by small
    words: each that a language has counts 1 / (languages that have it), so that what Slovenian and Croatian share
    says little. Only ``LANGUAGES`` are known: a text in another may pass for its nearest relative, with little
    sureness.
    """
    signs = {code: len(re.findall(pattern, text)) for code, pattern in _SCRIPTS.items()}
    han, latin = len(re.findall(_HAN, text)), len(re.findall(_LATIN, text))
    if sum(signs.values()) + han >= max(_FEWEST_SIGNS, latin / 3):
        evidence: dict[str, float] = {**signs, "zh": 0 if any(signs.values()) else han}
        least = 1.0
    else:
        words = Counter(re.findall(_LATIN_WORD, text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")))
        evidence = {
            code: sum(weights[word] * words[word] for word in weights.keys() & words.keys())
            for code, weights in _weights().items()
        }
        least = FEWEST_HITS
    best = max(evidence, key=lambda code: evidence[code])
    sureness = evidence[best] / (sum(evidence.values()) or 1)
    if evidence[best] < least or sureness < LEAST_SURENESS:
        return None
    return Guess(language=best, sureness=sureness)


@cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    """Of each language its words, each the less the more languages have it."""
    owners = Counter(word for words in _WORDS.values() for word in words.split())
    return {code: {word: 1 / owners[word] for word in words.split()} for code, words in _WORDS.items()}
