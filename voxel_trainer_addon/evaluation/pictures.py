# SPDX-License-Identifier: GPL-3.0-or-later
"""How alike two pictures look: LDR-FLIP (Andersson et al. 2020, doi:10.1145/3406183), the distance of sorted colours.

Both need numpy, which every Blender brings. Pictures are arrays of sRGB from 0 to 1, shaped (height, width, 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ..worker import png

PIXELS_PER_DEGREE = 67.02
"""As a person sees them who sits 0.7 m before a screen 0.7 m wide with 3,840 pixels: FLIP's own default."""
GREY = 0.5
"""What stands behind what is not opaque."""
_XYZ = ((0.4123908, 0.3575843, 0.1804808), (0.2126390, 0.7151687, 0.0721923), (0.0193308, 0.1191948, 0.9505322))
"""Linear sRGB → XYZ (IEC 61966-2-1)."""
_CONTRAST = (((1.0, 0.0047),), ((1.0, 0.0053),), ((34.1, 0.04), (13.5, 0.025)))
"""Contrast sensitivity to light, red-green and blue-yellow: weights and widths of Gaussians (table 1 of the paper)."""
_FEATURE_DEGREES = 0.082
_COLOUR_POWER, _FEATURE_POWER, _KNEE, _KNEE_HEIGHT = 0.7, 0.5, 0.4, 0.95


@dataclass(frozen=True)
class Likeness:
    """How far two pictures are apart: `flip` from 0 (the same) to 1; `lab` the mean distance of sorted Lab channels,
    blind to where a colour is, about 1 where it is just seen."""

    flip: float
    lab: float

    def scores(self) -> dict[str, float]:
        """The same as metrics, from 0 to 1 (the same picture)."""
        return {"render_flip": 1 - self.flip, "render_lab": 1 / (1 + self.lab)}


def available() -> bool:
    """Whether this Python can compare pictures."""
    return find_spec("numpy") is not None


def compare(wanted: bytes, made: bytes) -> Likeness:
    """Two PNG files of ours of the same size, where either shows something. Raises ValueError where neither does."""
    np = _numpy()
    (one, shown), (other, too) = _read(wanted), _read(made)
    seen = shown | too
    if not seen.any():
        raise ValueError("neither picture shows anything")
    lab = np.abs(np.sort(_lab(_linear(one))[seen], axis=0) - np.sort(_lab(_linear(other))[seen], axis=0)).mean()
    return Likeness(float(flip(one, other)[seen].mean()), float(lab))


def shows(picture: bytes) -> bool:
    """Whether anything is in a PNG file of ours."""
    return bool(_read(picture)[1].any())


def flip(reference: Any, test: Any) -> Any:
    """The FLIP error of each pixel, 0 to 1."""
    np = _numpy()
    one, other = (_opponent(_linear(picture)) for picture in (reference, test))
    colour = np.abs(_hunt(_seen(one)) - _hunt(_seen(other)))
    colour = (colour[..., 0] + np.hypot(colour[..., 1], colour[..., 2])) ** _COLOUR_POWER
    knee = _KNEE * _most()
    colour = np.where(
        colour < knee,
        colour * _KNEE_HEIGHT / knee,
        _KNEE_HEIGHT + (colour - knee) / (_most() - knee) * (1 - _KNEE_HEIGHT),
    )
    edges, points = (
        np.abs(_feature(one[..., 0], kind) - _feature(other[..., 0], kind)) for kind in ("edges", "points")
    )
    feature = (np.maximum(edges, points) / np.sqrt(2)) ** _FEATURE_POWER
    return np.clip(colour, 0, 1) ** (1 - np.clip(feature, 0, 1))


def _numpy() -> Any:
    return import_module("numpy")


def _read(picture: bytes) -> tuple[Any, Any]:
    """Colours over grey, and where something is."""
    np = _numpy()
    width, height, data = png.pixels(picture)
    whole = np.frombuffer(data, np.uint8).reshape(height, width, 4)[::-1] / 255
    opacity = whole[..., 3:]
    return whole[..., :3] * opacity + GREY * (1 - opacity), opacity[..., 0] > 0


def _linear(srgb: Any) -> Any:
    np = _numpy()
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _relative(linear: Any) -> Any:
    """XYZ by that of white."""
    np = _numpy()
    matrix = np.array(_XYZ)
    return linear @ (matrix / matrix.sum(axis=1, keepdims=True)).T


def _opponent(linear: Any) -> Any:
    """Light, red-green and blue-yellow, linear in light (YCxCz)."""
    x, y, z = _numpy().moveaxis(_relative(linear), -1, 0)
    return _numpy().stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


def _light_of(opponent: Any) -> Any:
    """`_opponent` undone: linear sRGB, clipped to what can be shown."""
    np = _numpy()
    matrix = np.array(_XYZ)
    light, red_green, blue_yellow = np.moveaxis(opponent, -1, 0)
    y = (light + 16) / 116
    relative = np.stack((y + red_green / 500, y, y - blue_yellow / 200), axis=-1)
    return np.clip(relative @ np.linalg.inv(matrix / matrix.sum(axis=1, keepdims=True)).T, 0, 1)


def _lab(linear: Any) -> Any:
    np = _numpy()
    relative, delta = _relative(linear), 6 / 29
    x, y, z = np.moveaxis(np.where(relative > delta**3, np.cbrt(relative), relative / (3 * delta**2) + 4 / 29), -1, 0)
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


def _hunt(linear: Any) -> Any:
    """Lab whose colours count for less where it is dark."""
    lab = _lab(linear)
    lab[..., 1:] *= 0.01 * lab[..., :1]
    return lab


@lru_cache(maxsize=1)
def _most() -> float:
    """The greatest colour error there is: green beside blue."""
    np = _numpy()
    green, blue = _hunt(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    return float((abs(green[0] - blue[0]) + np.hypot(*(green - blue)[1:])) ** _COLOUR_POWER)


def _seen(opponent: Any) -> Any:
    """What the eye makes of a picture from where it sits: each channel blurred by its contrast sensitivity."""
    np = _numpy()
    radius = int(np.ceil(3 * np.sqrt(0.04 / (2 * np.pi**2)) * PIXELS_PER_DEGREE))
    degrees = np.arange(-radius, radius + 1) / PIXELS_PER_DEGREE
    channels = []
    for channel, gaussians in zip(np.moveaxis(opponent, -1, 0), _CONTRAST, strict=True):
        blurred, total = 0.0, 0.0
        for weight, width in gaussians:
            gaussian = np.exp(-(np.pi**2) * degrees**2 / width)
            strength = weight * np.sqrt(np.pi / width)
            blurred = blurred + strength * _filtered(channel, gaussian, gaussian)
            total += strength * gaussian.sum() ** 2
        channels.append(blurred / total)
    return _light_of(np.stack(channels, axis=-1))


def _feature(light: Any, kind: str) -> Any:
    """How strong edges or points are at each pixel."""
    np = _numpy()
    deviation = 0.5 * _FEATURE_DEGREES * PIXELS_PER_DEGREE
    radius = int(np.ceil(3 * deviation))
    at = np.arange(-radius, radius + 1)
    gaussian = np.exp(-(at**2) / (2 * deviation**2))
    across = -at * gaussian if kind == "edges" else (at**2 / deviation**2 - 1) * gaussian
    smooth = gaussian / gaussian.sum()
    across = np.where(across > 0, across / across[across > 0].sum(), across / -across[across < 0].sum())
    relative = (light + 16) / 116
    return np.hypot(_filtered(relative, across, smooth), _filtered(relative, smooth, across))


def _filtered(channel: Any, across: Any, down: Any) -> Any:
    """A separable filter; beyond its border a picture goes on as it ends."""
    np = _numpy()
    for axis, kernel in ((1, across), (0, down)):
        radius, size = len(kernel) // 2, channel.shape[axis]
        pad = [(radius, radius) if other == axis else (0, 0) for other in (0, 1)]
        wide = np.pad(channel, pad, mode="edge")
        channel = sum(value * wide.take(range(n, n + size), axis) for n, value in enumerate(kernel))
    return channel
