"""What a trial found, as the sentence that stands beside a change, and as the lines of a table. Pure, any thread."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from app.i18n import _, ngettext
from app.rule_trial import Trial

_MINUTES_S = 7200.0
"""What is shorter is said in minutes."""


def trial_sentence(trial: Trial, days: int, *, new: bool = False) -> str:
    """One sentence with the figures, and what they do not say."""
    if not trial.looks:
        return _(
            "No stored tracks of this camera in the last {days} days: nobody can tell what it would have done."
        ).format(days=days)
    words = {
        "days": days,
        "time": _time_text(trial.covered_s),
        "removed": trial.removed,
        "false": trial.false,
        "lost": trial.lost,
        "confirmed": trial.confirmed,
        "added": trial.added,
    }
    if new:
        text = ngettext(
            "On {time} of tracks of the last {days} days it would have raised {added} alarm.",
            "On {time} of tracks of the last {days} days it would have raised {added} alarms.",
            trial.added,
        )
    else:
        text = _(
            "On {time} of tracks of the last {days} days: removes {removed} of {false} false alarms, loses {lost} of"
            " {confirmed} confirmed, adds {added} new."
        )
    parts = [text.format(**words)]
    if trial.unjudged_gone:
        gone = _("Without a verdict: {gone} of {all} go.")
        parts.append(gone.format(gone=trial.unjudged_gone, all=trial.unjudged))
    if trial.unknown:
        text = ngettext(
            "Not to be told from the tracks: {count} judged alarm.",
            "Not to be told from the tracks: {count} judged alarms.",
            trial.unknown,
        )
        parts.append(text.format(count=trial.unknown))
    if trial.lost:
        parts.append(_("It loses a confirmed alarm: a second person must sign before it is saved."))
    return " ".join(parts)


def _time_text(seconds: float) -> str:
    if seconds < _MINUTES_S:
        return _("{minutes} min").format(minutes=round(seconds / 60.0))
    return _("{hours} h").format(hours=round(seconds / 3600.0))


def trial_table(trial: Trial, zone: ZoneInfo) -> list[str]:
    """A head and a line for each judged alarm: when, what operators said, what becomes of it; parted by tabs."""
    fates = {True: _("comes again"), False: _("would not have come"), None: _("not to be told")}
    lines = ["\t".join((_("Time"), _("Verdict"), _("With the change"), _("Alarm")))]
    for one in trial.alarms:
        at = datetime.fromtimestamp(one.alarm.since_utc_s, zone).strftime("%Y-%m-%d %H:%M:%S")
        verdict = _("false") if one.alarm.false else _("confirmed")
        lines.append("\t".join((at, verdict, fates[one.kept], one.alarm.alarm_id)))
    return lines
