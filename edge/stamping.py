"""Makes the evidence picture of a frame: time and place drawn in, a JPEG within a budget. Touches nothing."""

import io
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

_QUALITIES = (80, 68, 56, 44, 32, 22)
_SMALLEST_PX = 160


@dataclass(slots=True)
class Stamper:
    """Stamps frames of one camera. It remembers which quality fitted, since the next frame is alike.

    Attributes:
        max_bytes: budget for one JPEG.
    """

    max_bytes: int
    _first: int = 0

    def jpeg(self, image: Image.Image, text: str) -> bytes:
        """The frame as a JPEG with the text below, at most `max_bytes` large."""
        picture = with_text(image, text)
        while True:
            for place in range(self._first, len(_QUALITIES)):
                data = _encoded(picture, _QUALITIES[place])
                if len(data) <= self.max_bytes:
                    # One step better next time, so that one bad frame does not spoil all that follow.
                    self._first = max(0, place - (len(data) * 3 < self.max_bytes * 2))
                    return data
            if picture.width // 2 < _SMALLEST_PX:
                return data
            self._first = 0
            picture = with_text(image.resize((picture.width // 2, picture.height // 2)), text)


def with_text(image: Image.Image, text: str) -> Image.Image:
    """A copy with a dark bar and light text along the lower edge."""
    picture = image.convert("RGB") if image.mode != "RGB" else image.copy()
    size = max(10, picture.height // 28)
    bar = size + size // 2
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, picture.height - bar, picture.width, picture.height), fill=(16, 16, 16))
    draw.text((size // 2, picture.height - bar + size // 6), text, fill=(240, 240, 240), font=_font(size))
    return picture


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _encoded(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()
