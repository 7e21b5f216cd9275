"""The sample photos of the Predict page, drawn by program: `python -m core.fitting.samples`.

The clothes drawn for the stand-in data set, cut large, of coloured cloth with folds, lie on a floor in the light of a
window. They are ours, under the licence of the app.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.data.silhouettes import GARMENTS
from core.data.silhouettes.canvas import DETAIL, EMPTY, INSIDE, LINE, PANEL, SLEEVE, TRIM, Cloth
from core.labels import SLUGS

FOLDER = Path(__file__).parents[2] / "pages" / "static" / "samples"
SIDE = 480  # px, both sides of a photo
TIMES = 8  # so much larger than for the data set is a garment cut
QUALITY = 80
Colour = tuple[int, int, int]  # red, green, blue


@dataclass(frozen=True)
class Scene:
    """What lies where: a garment by its short name and cut, its colours, the floor, how it lies."""

    slug: str
    cut: int  # seed of the garment
    cloth: Colour
    second: Colour  # of trims and soles
    floor: Colour
    boards: bool  # whether the floor is of boards, else it is woven
    angle: float  # degrees
    share: float = 0.78  # of the photo's side, how long the garment is


SCENES = (
    Scene("coat", 8, (58, 70, 96), (38, 46, 66), (201, 170, 128), True, 4),
    Scene("dress", 4, (176, 52, 66), (140, 34, 50), (214, 196, 166), True, -5),
    Scene("trouser", 4, (52, 72, 118), (40, 56, 96), (206, 184, 150), True, 3),
    Scene("t-shirt", 2, (44, 116, 104), (30, 92, 84), (228, 224, 216), False, -4),
    Scene("sneaker", 4, (60, 62, 70), (236, 234, 228), (196, 206, 214), False, 0, 0.76),
    Scene("bag", 4, (122, 68, 38), (84, 44, 24), (222, 222, 216), False, 0, 0.66),
)


def photo(scene: Scene) -> np.ndarray:
    """A scene as a picture, (480, 480, 3) uint8 RGB; always the same."""
    rng = np.random.default_rng(scene.cut)
    parts = _laid_out(scene)
    garment = (parts != EMPTY).astype(np.float32)
    cloth = _coloured(parts, scene) * _folds(garment, rng)[..., None]
    soft = cv2.GaussianBlur(garment, (0, 0), 0.8)[..., None]
    shadow = np.roll(cv2.GaussianBlur(garment, (0, 0), 9), (7, 9), (0, 1))[..., None]
    floor = _floor(scene, rng) * (1 - 0.5 * shadow)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    light = (1.12 - 0.22 * x - 0.14 * y)[..., None]
    picture = (cloth * soft + floor * (1 - soft)) * light + rng.normal(0, 2.5, (SIDE, SIDE, 1))
    return np.asarray(np.clip(picture, 0, 255).astype(np.uint8))


def _laid_out(scene: Scene) -> np.ndarray:
    """The garment's parts as it lies in the photo, (480, 480) uint8."""
    cloth = Cloth(np.random.default_rng(scene.cut), TIMES)
    GARMENTS[SLUGS.index(scene.slug)](cloth)
    x, y, across, down = cv2.boundingRect(cloth.parts)
    turn = cv2.getRotationMatrix2D((x + across / 2, y + down / 2), scene.angle, scene.share * SIDE / max(across, down))
    turn[:, 2] = turn[:, 2] + SIDE / 2 - np.array([x + across / 2, y + down / 2])
    return np.asarray(cv2.warpAffine(cloth.parts, turn, (SIDE, SIDE), flags=cv2.INTER_NEAREST))


def _coloured(parts: np.ndarray, scene: Scene) -> np.ndarray:
    """Every part in its colour, (480, 480, 3) float32."""
    table = np.tile(np.array(scene.cloth, np.float32), (256, 1))
    table[SLEEVE] *= 0.93
    table[LINE] *= 0.68
    table[PANEL] *= 1.12
    table[INSIDE] *= 0.55
    table[TRIM] = table[DETAIL] = scene.second
    return np.asarray(cv2.GaussianBlur(table[parts], (0, 0), 0.7))


def _folds(garment: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light and dark of cloth: it falls away at its edges, has folds and a weave; (480, 480) float32 about 1."""
    depth = np.minimum(cv2.distanceTransform((garment > 0).astype(np.uint8), cv2.DIST_L2, 5) / 22, 1)
    folds = sum(_smooth(rng, across, down) * deep for across, down, deep in ((14, 70, 0.07), (40, 18, 0.05)))
    return np.asarray(0.8 + 0.22 * depth + folds + 0.03 * _smooth(rng, 0.8, 0.8), np.float32)


def _floor(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """A floor of boards or of woven cloth, (480, 480, 3) float32."""
    y, x = np.mgrid[:SIDE, :SIDE]
    if scene.boards:
        board = x // 96
        tone = 1 + rng.normal(0, 0.03, board.max() + 1)[board] + 0.035 * _smooth(rng, 1.2, 60) - 0.16 * (x % 96 < 2)
    else:
        tone = 1 + 0.02 * (np.sin(x * 1.3) + np.sin(y * 1.3)) + 0.02 * _smooth(rng, 1, 1) + 0.02 * _smooth(rng, 60, 60)
    return np.asarray(np.array(scene.floor, np.float32) * tone[..., None])


def _smooth(rng: np.random.Generator, across: float, down: float) -> np.ndarray:
    noise = cv2.GaussianBlur(rng.standard_normal((SIDE, SIDE), np.float32), (0, 0), across, sigmaY=down)
    return np.asarray(noise / noise.std())


def main() -> None:
    """Write all photos, as JPEG files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for scene in SCENES:
        picture = cv2.cvtColor(photo(scene), cv2.COLOR_RGB2BGR)
        content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
        (FOLDER / f"{scene.slug}.jpg").write_bytes(content)


if __name__ == "__main__":
    main()
