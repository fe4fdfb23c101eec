"""Makes the sounds of ``assets/sounds``: decaying tones, 16 bit mono. Run ``python scripts/make_sounds.py`` after a change."""

import wave
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

FOLDER: Final = Path(__file__).resolve().parent.parent / "assets" / "sounds"
RATE: Final = 22_050

_ATTACK_S: Final = 0.002  # without it a tone begins with a click
_PEAK: Final = 0.6
_OVERTONES: Final = ((1, 1.0), (2, 0.35), (3, 0.12))


def tone(frequency_hz: float, seconds: float, decay_s: float) -> NDArray[np.float64]:
    """Return a plucked tone, float64[samples] within about 1.5."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    wave_form = sum(share * np.sin(2 * np.pi * frequency_hz * n * time_s) for n, share in _OVERTONES)
    envelope = np.minimum(time_s / _ATTACK_S, 1.0) * np.exp(-time_s / decay_s) * (1 - time_s / seconds)
    return np.asarray(wave_form * envelope)


def melody(notes_hz: tuple[float, ...], step_s: float, ring_s: float) -> NDArray[np.float64]:
    """Return tones that begin ``step_s`` after each other, each ringing for ``ring_s``."""
    mixed = np.zeros(round((step_s * (len(notes_hz) - 1) + ring_s) * RATE) + 1)
    for number, note_hz in enumerate(notes_hz):
        sound = tone(note_hz, ring_s, ring_s / 3)
        begin = round(number * step_s * RATE)
        mixed[begin : begin + len(sound)] += sound
    return mixed


SOUNDS: Final = {
    "hit": lambda: tone(587.3, 0.09, 0.022),
    "wall": lambda: tone(293.7, 0.06, 0.014),
    "point": lambda: melody((659.3, 440.0), 0.09, 0.22),
    "win": lambda: melody((523.3, 659.3, 784.0, 1046.5), 0.11, 0.4),
}


def save(name: str, sound: NDArray[np.float64]) -> None:
    """Write ``sound`` at a fixed peak."""
    samples = np.round(sound / np.abs(sound).max() * _PEAK * 32767).astype("<i2")
    with wave.open(str(FOLDER / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each, make in SOUNDS.items():
        save(each, make())
