"""Running an extraction on the command line: the bar, the notes, the failures, the counts."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signgen.cli.console import Result, progress

if TYPE_CHECKING:
    from pose_sequences.extract import ClipJob, ClipResult, Extraction

    Batch = tuple[Sequence[ClipJob], Extraction]


@dataclass
class Outcome:
    """What became of the clips; ``seen`` and ``frames`` count those extracted now."""

    extracted: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    frames: int = 0
    seen: dict[str, int] = field(default_factory=dict)

    def fail(self, error: Exception) -> None:
        """Count a clip that failed, and tell it at once."""
        self.errors.append(str(error))
        click.echo(f"failed: {error}", err=True)

    def add(self, result: "ClipResult") -> None:
        """Count a clip."""
        if result.error is not None:
            self.fail(result.error)
        elif result.coverage is None:
            self.kept.append(result.job.target)
        else:
            self.extracted.append(result.job.target)
            self.frames += result.coverage.num_frames
            for part in result.coverage.missing:
                self.seen[part] = self.seen.get(part, 0) + result.coverage.seen(part)

    def as_json(self) -> Result:
        """Return the counts as JSON."""
        shares = {part: count / self.frames for part, count in self.seen.items()}
        return {
            "extracted": len(self.extracted),
            "kept": len(self.kept),
            "failed": len(self.errors),
            "errors": self.errors,
            "frames": self.frames,
            "seen": {part: round(share, 4) for part, share in shares.items()},
        }

    def sentence(self) -> str:
        """Return the counts for a person."""
        text = f"extracted {len(self.extracted)}, failed {len(self.errors)}"
        if self.kept:
            text += f", kept {len(self.kept)}"
        if self.frames:
            parts = (f"{p.replace('_', ' ')} {n / self.frames:.0%}" for p, n in self.seen.items())
            text += f"; {self.frames} frames, seen in: {', '.join(parts)}"
        return text


def run_extraction(batches: "Sequence[Batch]", *, workers: int, overwrite: bool) -> Outcome:
    """Extract batches of clips; failures are told as they come, and the others are done."""
    from pose_sequences.extract import ClipResult, extract_clips

    outcome = Outcome()
    num_clips = sum(len(jobs) for jobs, _ in batches)
    single = num_clips == 1
    with progress(None if single else num_clips, "frames" if single else "clips") as advance:
        for jobs, options in batches:
            clips = extract_clips(jobs, options, workers=workers, overwrite=overwrite)
            with closing(clips) as events:
                for event in events:
                    if isinstance(event, ClipResult):
                        outcome.add(event)
                        advance(int(not single))
                    else:
                        advance(int(single))
    return outcome
