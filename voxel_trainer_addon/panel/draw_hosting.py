# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of the part Train at a Host: functions of a layout and a frozen view alone."""

from __future__ import annotations

from typing import Any

from .draw import wrapped
from .view import View
from .view_hosting import HostedJob, HostingView

HERE = "Harvest & Train tunes a model on this computer; nothing leaves it."
WATCHED = "Cancel ends the watching alone; the job goes on at the host."


def hosting(layout: Any, view: View, fields: Any, columns: int) -> None:
    """Where to train; at a host what would be sent, the consent to exactly that, and the button; then its jobs."""
    shown = view.hosting
    _choices(layout, view, fields)
    if shown.host:
        _consent(layout, shown, fields, columns)
    else:
        wrapped(layout, HERE, columns, "INFO", active=False)
    if shown.jobs:
        _jobs(layout, shown.jobs, columns)
    if shown.goes_on and view.phase.alive:
        wrapped(layout, WATCHED, columns, "INFO", active=False)
    elif shown.goes_on:
        layout.operator("voxel.ask_hosts", icon="FILE_REFRESH")


def _choices(layout: Any, view: View, fields: Any) -> None:
    column = layout.column()
    column.enabled = not view.phase.alive
    column.use_property_split = True
    column.use_property_decorate = False
    names = ("host", "host_url", "host_model", "name", "budget") if view.hosting.host else ("host",)
    for name in names:
        column.prop(fields, name)


def _consent(layout: Any, shown: HostingView, fields: Any, columns: int) -> None:
    if shown.lines:
        box = layout.box()
        for line in shown.lines:
            wrapped(box, line, columns - 4, "DOT")
        box.prop(fields, "host_agreed")
    elif shown.why:
        wrapped(layout, shown.why, columns, "ERROR" if shown.closed else "INFO")
    start = layout.row()
    start.scale_y = 1.3
    start.operator("voxel.train_at_host", icon="EXPORT")


def _jobs(layout: Any, jobs: tuple[HostedJob, ...], columns: int) -> None:
    for job in jobs:
        entry = layout.column(align=True)
        wrapped(entry, job.title, columns, job.icon)
        if job.words:
            wrapped(entry, job.words, columns, "BLANK1", active=False)
