#!/usr/bin/env python3
"""Speaks sentences with synthetic voices and plays random music, for training's variety: synthesize.py FOLDER

Voices: flite (CMU), festival (kallpc16k, us_slt_hts, the Finnish and Catalan ones), espeak-ng in many languages.
Music: random pieces, and Freedoom's, by fluidsynth with the FluidR3 GM sound font. The same programs make the same files.
"""

import pathlib
import random
import struct
import subprocess
import sys

SENTENCES = """
No.
Yes, please.
Okay, thank you very much.
What time is it?
Could you tell me how far it is to the station?
I would like to book a table for two, at seven in the evening.
The quick brown fox jumps over the lazy dog, and then it rests in the shade.
Please hold the line while I am looking for your order.
She had your dark suit in greasy wash water all year.
Twenty five, no, twenty six of them; they arrived yesterday.
My name is Peter, and I am calling about the letter that you sent last week.
When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow.
Well, I do not know. Maybe we should ask somebody else.
Cancel that.
Turn the lights off in the kitchen, and set a timer for eleven minutes.
Fish, chips, cheese, shellfish and fresh juice.
How much would a single ticket to the airport cost, if I leave on Thursday?
This is the third time that I have had to explain the whole thing.
Sixteen slippery snakes slid slowly south.
Good morning! Is anybody there?
""".strip().split("\n")

ESPEAK = "en-us+m1 en-gb+f2 de+m3 fr+f1 pt-br+m2 nl+f3 sv+f5 cmn+m4 hi+f2 tr+m6".split()
FESTIVAL = ("kal_diphone cmu_us_slt_arctic_hts hy_fi_mv_diphone suo_fi_lj_diphone "
            "upc_ca_ona_hts").split()
SOUND_FONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
FREEDOOM = "/usr/share/games/doom/freedoom2.wad"
FLITE = "kal16 awb rms slt kal".split()


def text(generator):
    """A sentence, or numbers, which every language can read."""
    if generator.random() < 0.6:
        return generator.choice(SENTENCES)
    return ", ".join(str(generator.randrange(10 ** generator.randrange(1, 5)))
                     for _ in range(generator.randrange(1, 8)))


def speak(folder):
    """Writes 40 recordings of each voice."""
    for engine, voices in (("flite", FLITE), ("festival", FESTIVAL), ("espeak", ESPEAK)):
        for voice in voices:
            generator = random.Random(voice)
            target = folder / "speech" / f"{engine}-{voice}"
            target.mkdir(parents=True, exist_ok=True)
            for i in range(40):
                path = target / f"{i:02}.wav"
                said = text(generator)
                pace = generator.uniform(0.8, 1.3)
                pitch = generator.uniform(20, 80)
                if path.exists():
                    continue
                if engine == "flite":
                    command = ["flite", "-voice", voice, "--setf", f"duration_stretch={1 / pace:.2f}", "-t", said,
                               "-o", path]
                elif engine == "espeak":
                    command = ["espeak-ng", "-v", voice, "-s", f"{165 * pace:.0f}", "-p", f"{pitch:.0f}", "-w", path,
                               said]
                else:
                    command = ["text2wave", "-eval", f"(voice_{voice})", "-o", path]
                subprocess.run(command, check=True, input=said.encode() if engine == "festival" else None,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def variable_length(value):
    """A number as in MIDI files."""
    data = [value & 127]
    while value := value >> 7:
        data.append(value & 127 | 128)
    return bytes(reversed(data))


def midi(generator):
    """A random piece of a minute: chords, a bass, melodies and drums on a scale."""
    beats = generator.randrange(60, 180)
    events = []
    scale = generator.choice([(0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9)])
    tonic = generator.randrange(40, 64)
    for channel in range(generator.randrange(1, 6)):
        events.append((0, bytes([0xC0 | channel, generator.randrange(0, 104)])))
        octave = generator.choice([-12, 0, 0, 12, 24])
        chord = generator.choice([1, 1, 1, 3, 4])
        lengths = generator.choice([(120, 240), (240, 480), (480, 960), (1920,), (120, 120, 240, 480, 960)])
        time = 0
        while time < 480 * beats:
            length = generator.choice(lengths)
            degree = generator.randrange(len(scale))
            if generator.random() < 0.85:
                for k in range(chord):
                    note = tonic + octave + scale[(degree + 2 * k) % len(scale)]
                    events.append((time, bytes([0x90 | channel, note, generator.randrange(50, 120)])))
                    events.append((time + length - 5, bytes([0x80 | channel, note, 0])))
            time += length
    if generator.random() < 0.6:
        for step in range(4 * beats):
            for note, chance in ((36, 0.5 if step % 4 == 0 else 0.1), (38, 0.9 if step % 8 == 4 else 0.05),
                                 (42, 0.6), (49, 0.02)):
                if generator.random() < chance:
                    events.append((120 * step, bytes([0x99, note, generator.randrange(50, 120)])))
                    events.append((120 * step + 60, bytes([0x89, note, 0])))
    events.sort(key=lambda event: event[0])
    track = b"\0\xff\x51\x03" + struct.pack(">I", 60_000_000 // beats)[1:]
    now = 0
    for time, message in events:
        track += variable_length(time - now) + message
        now = time
    track += b"\0\xff\x2f\0"
    return (b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(track)) + track)


def composed():
    """Freedoom's music, which is MIDI in a WAD: a directory of 16 bytes an entry (offset, size, name)."""
    data = pathlib.Path(FREEDOOM).read_bytes()
    count, directory = struct.unpack("<II", data[4:12])
    pieces = {}
    for i in range(count):
        offset, size, name = struct.unpack("<II8s", data[directory + 16 * i:directory + 16 * i + 16])
        if data[offset:offset + 4] == b"MThd":
            pieces[name.rstrip(b"\0").decode().lower()] = data[offset:offset + size]
    return pieces


def play(folder):
    """Writes 60 random pieces, and those of Freedoom."""
    for group, pieces in (("random", {f"{i:02}": midi(random.Random(i)) for i in range(60)}),
                          ("composed", composed())):
        target = folder / "music" / group
        target.mkdir(parents=True, exist_ok=True)
        for name, piece in sorted(pieces.items()):
            path = target / f"{name}.wav"
            if path.exists():
                continue
            score = target / f"{name}.mid"
            score.write_bytes(piece)
            subprocess.run(["fluidsynth", "-ni", "-r", "16000", "-g", "0.5", "-F", path, SOUND_FONT, score], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    speak(pathlib.Path(sys.argv[1]))
    play(pathlib.Path(sys.argv[1]))
