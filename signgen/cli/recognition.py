"""What ``signgen evaluate`` was given to recognise signs with, and where that leads."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pose_sequences.phoenix.clip import Split

if TYPE_CHECKING:
    from signgen.evaluation.page import Judgement
    from signgen.evaluation.pairs import Pairing
    from signgen.evaluation.recognition.hearing import Recognition, Sentences


@dataclass(frozen=True)
class Words:
    """The options: a judge's folder or a recogniser's name, predictions, the picture to draw."""

    judge: Path | None
    recogniser: str | None
    predictions: Path | None
    confusion: Path | None


def recognition_of(
    words: Words, found: "Pairing", corpus: "tuple[Path, Split] | None"
) -> "Recognition":
    """Return what is to look at the signs; corpus: the folder and split that is evaluated, if any.

    A judge that means nothing is told of.
    """
    from signgen.evaluation.recognition.hearing import Recognition
    from signgen.evaluation.recognition.judge import Judge
    from signgen.evaluation.recognition.recogniser import load_recogniser
    from signgen.evaluation.recognition.verdicts import Jury

    recognition = Recognition()
    if words.judge is not None:
        recognition = Recognition(jury=Jury.of_judge(Judge.load(words.judge)))
    elif words.recogniser is not None:
        recognition = Recognition(jury=Jury(load_recogniser(words.recogniser), words.recogniser))
    if recognition.jury is not None and recognition.jury.caution:
        click.echo(f"note: {recognition.jury.caution}", err=True)
    if words.predictions is None:
        return recognition
    return replace(recognition, sentences=_sentences(words.predictions, found, corpus))


def conclude(words: Words, recognition: "Recognition", *, overwrite: bool) -> "Judgement | None":
    """Draw the picture, if one was asked for, and return the page's section, if there is one."""
    from pose_sequences.outputs import fresh_file
    from signgen.evaluation.recognition.picture import confusion_svg, judgement

    if recognition.jury is None:
        return None
    if words.confusion is not None:
        picture = confusion_svg(recognition.jury.confusion())
        with fresh_file(words.confusion, overwrite=overwrite) as temporary:
            temporary.write_text(picture + "\n", encoding="utf-8")
    return judgement(recognition.jury)


def _sentences(
    predictions: Path, found: "Pairing", corpus: "tuple[Path, Split] | None"
) -> "Sentences":
    from pose_sequences.phoenix import Corpus
    from signgen.evaluation.recognition.hearing import Sentences, corpus_words, true_words
    from signgen.evaluation.recognition.predictions import read_predictions

    said = read_predictions(predictions)
    if corpus is None:
        return Sentences(said=said, true=true_words(found.pairs))
    root, split = corpus
    return Sentences(said=said, true=corpus_words(Corpus.open(root), split))
