#!/usr/bin/python3
"""Pictures of the recordings that are labelled by eye, and how well two passes over them agree. README.md says how to label.

  labelled_by_hand.py pictures FOLDER   writes each clip there as sound, CLIP.wav, and as a picture, CLIP.png
  labelled_by_hand.py agreement         checks the tables, and compares pass_a.tsv with pass_b.tsv

Pictures need the packages that README.md lists, and python3-matplotlib, python3-scipy and python3-soundfile.
"""
import argparse
import bisect
import collections
import os
import sys

# Where the packages install the groups of //third_party/speech_samples.
INSTALLED = {
    "alsa": "/usr/share/sounds/alsa",
    "asterisk_es_co": "/usr/share/asterisk/sounds/es",
    "asterisk_ru_wav": "/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU",
    "codec2": "/usr/share/codec2",
    "kajongg": "/usr/share/kajongg/voices",
    "pocketsphinx": "/usr/share/pocketsphinx/test/data",
    "saytime": "/usr/share/saytime",
}
RATE_HZ = 16000
FRAME = 160
PEAK = 0.7
# Borders further apart are not of the same beginning or end.
SAME_BORDER = 10


class TableError(Exception):
    """What is wrong with a table, and where."""


def read_table(folder, name):
    """The lines of a table that are no comments, as (place, fields)."""
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith("#"):
                yield f"{name}:{number}", line.rstrip("\n").split("\t")


def frames_in(place, seconds):
    """Seconds with two decimals, in frames of 10 ms."""
    whole, _, decimals = seconds.partition(".")
    if not whole.isdecimal() or not decimals.isdecimal() or len(decimals) != 2:
        raise TableError(f"{place}: {seconds!r} is not in seconds with two decimals")
    return 100 * int(whole) + int(decimals)


def fields_of(place, fields, count):
    if len(fields) != count:
        raise TableError(f"{place}: has {len(fields)} fields instead of {count}")
    return fields


def read_recordings(folder):
    """Source to its files, in order, as (group, path in it)."""
    files = collections.defaultdict(list)
    for place, fields in read_table(folder, "recordings.tsv"):
        source, _, file = fields_of(place, fields, 3)
        group, _, path = file.partition("/")
        if group not in INSTALLED:
            raise TableError(f"{place}: {group!r} is not a group of recordings")
        files[source].append((group, path))
    return files


def read_clips(folder, sources):
    """Clip to (source, begin, end), in frames."""
    clips = {}
    for place, fields in read_table(folder, "clips.tsv"):
        clip, source, begin, end = fields_of(place, fields, 4)
        begin, end = frames_in(place, begin), frames_in(place, end)
        if source not in sources:
            raise TableError(f"{place}: there is no source {source!r}")
        if clip in clips or end <= begin:
            raise TableError(f"{place}: {clip!r} is there already, or has no length")
        clips[clip] = source, begin, end
    return clips


def read_pass(folder, name, clips):
    """Clip to its stretches of speech, [(begin, end)] in frames."""
    spans = {}
    for place, fields in read_table(folder, name):
        clip = fields[0]
        if clip not in clips:
            raise TableError(f"{place}: there is no clip {clip!r}")
        if fields[1:] == ["none"]:
            if clip in spans:
                raise TableError(f"{place}: {clip!r} has labels already")
            spans[clip] = []
            continue
        _, begin, end = fields_of(place, fields, 3)
        begin, end = frames_in(place, begin), frames_in(place, end)
        _, clip_begin, clip_end = clips[clip]
        before = spans.get(clip)
        if before == []:
            raise TableError(f"{place}: {clip!r} was said to have no speech")
        if not begin < end <= clip_end - clip_begin:
            raise TableError(f"{place}: ends before it begins, or after its clip")
        if before and begin <= before[-1][1]:
            raise TableError(f"{place}: begins before the label before it has ended")
        spans.setdefault(clip, []).append((begin, end))
    for clip in clips:
        if clip not in spans:
            raise TableError(f"{name}: says nothing of {clip!r}")
    return spans


def speech_frames(spans, num_frames):
    frames = [False] * num_frames
    for begin, end in spans:
        frames[begin:end] = [True] * (end - begin)
    return frames


def kappa(a, b):
    """Cohen's kappa of two lists of booleans (J. Cohen, "A coefficient of agreement for nominal scales", 1960); None if
    chance alone makes them equal."""
    observed = sum(x == y for x, y in zip(a, b)) / len(a)
    of_a, of_b = sum(a) / len(a), sum(b) / len(b)
    chance = of_a * of_b + (1 - of_a) * (1 - of_b)
    return None if chance == 1 else (observed - chance) / (1 - chance)


def border_differences(ours, theirs):
    """For each border of one pass the nearest of the other, less it, if they are of the same beginning or end; and how many
    have none. Both are in order."""
    differences, alone = [], 0
    for border in ours:
        at = bisect.bisect(theirs, border)
        near = min(theirs[max(0, at - 1) : at + 1], key=lambda other: abs(other - border), default=None)
        if near is None or abs(near - border) > SAME_BORDER:
            alone += 1
        else:
            differences.append(near - border)
    return differences, alone


def print_agreement(clips, a, b):
    in_a, in_b = [], []
    differences = {"begins": [], "ends": []}
    alone = {"begins": 0, "ends": 0}
    for clip, (_, begin, end) in clips.items():
        in_a += speech_frames(a[clip], end - begin)
        in_b += speech_frames(b[clip], end - begin)
        # Where a clip is cut is nobody's border.
        borders = [
            {
                "begins": [first for first, _ in spans if first > 0],
                "ends": [last for _, last in spans if last < end - begin],
            }
            for spans in (a[clip], b[clip])
        ]
        for kind in differences:
            found, without = border_differences(borders[0][kind], borders[1][kind])
            differences[kind] += found
            alone[kind] += without
            alone[kind] += border_differences(borders[1][kind], borders[0][kind])[1]
    equal = sum(x == y for x, y in zip(in_a, in_b))
    agreed = kappa(in_a, in_b)
    print(f"{len(clips)} clips, {len(in_a)} frames of 10 ms")
    print(f"Speech: {100 * sum(in_a) / len(in_a):.1f} % of pass A, {100 * sum(in_b) / len(in_b):.1f} % of pass B")
    print(f"Equal frames: {100 * equal / len(in_a):.2f} %, {len(in_a) - equal} are disputed")
    print("Cohen's kappa: " + ("-" if agreed is None else f"{agreed:.3f}"))
    print("\nBorders of pass B less those of pass A, within a clip:")
    print("        ms  begins    ends")
    counts = {kind: collections.Counter(found) for kind, found in differences.items()}
    for frames in sorted(set(counts["begins"]) | set(counts["ends"])):
        print(f"{10 * frames:10}{counts['begins'][frames]:8}{counts['ends'][frames]:8}")
    print(f"      alone{alone['begins']:7}{alone['ends']:8}")


def agreement(arguments):
    clips = read_clips(arguments.tables, read_recordings(arguments.tables))
    passes = [read_pass(arguments.tables, name, clips) for name in ("pass_a.tsv", "pass_b.tsv")]
    if not clips:
        raise TableError("clips.tsv has no clip")
    print_agreement(clips, *passes)


def read_sound(group, path):
    """The first channel of a file at 16 kHz, full scale being 1."""
    import scipy.signal
    import soundfile

    name = os.path.join(INSTALLED[group], path)
    headerless = {".gsm": (8000, "GSM610"), ".au": (8000, "ULAW"), ".raw": (RATE_HZ, "PCM_16")}
    form = headerless.get(os.path.splitext(path)[1])
    options = {"format": "RAW", "samplerate": form[0], "channels": 1, "subtype": form[1]} if form else {}
    samples, rate_hz = soundfile.read(name, always_2d=True, **options)
    return scipy.signal.resample_poly(samples[:, 0], RATE_HZ, rate_hz) if rate_hz != RATE_HZ else samples[:, 0]


def draw(samples, title, path):
    """Waveform, level of 5 ms and spectrogram, with a line each 200 ms."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot
    import numpy
    import scipy.signal

    seconds = len(samples) / RATE_HZ
    figure, (wave, level, spectrum) = matplotlib.pyplot.subplots(
        3, 1, figsize=(15.4, 9.6), dpi=100, gridspec_kw={"height_ratios": [1.2, 1.6, 4]}, sharex=True
    )
    wave.plot(numpy.arange(len(samples)) / RATE_HZ, samples, lw=0.4, color="k")
    wave.set_ylim(-0.75, 0.75)
    wave.set_yticks([])
    blocks = (samples[: len(samples) // 80 * 80].reshape(-1, 80) ** 2).mean(1)
    levels = 10 * numpy.log10(numpy.convolve(blocks, [0.5, 0.5], "same") + 1e-10)
    level.plot((numpy.arange(len(levels)) + 0.5) * 0.005, levels, lw=0.8, color="b")
    level.set_ylabel("dB")
    level.set_ylim(-80, 0)
    level.grid(axis="y", alpha=0.4)
    frequencies, times, power = scipy.signal.spectrogram(samples, RATE_HZ, nperseg=320, noverlap=240, nfft=512, mode="psd")
    power = 10 * numpy.log10(power + 1e-12)
    top = numpy.percentile(power, 99.5)
    spectrum.pcolormesh(
        times, frequencies / 1000, power, vmin=top - 65, vmax=top, cmap="magma", shading="nearest", rasterized=True
    )
    spectrum.set_ylabel("kHz")
    spectrum.set_xlim(0, max(6.0, seconds))
    spectrum.set_xticks(numpy.arange(0, seconds + 0.01, 0.2))
    spectrum.set_xticks(numpy.arange(0, seconds + 0.01, 0.05), minor=True)
    for axes in (wave, level, spectrum):
        axes.grid(axis="x", which="major", alpha=0.5, lw=0.5)
        axes.tick_params(labelsize=8)
    wave.set_title(f"{title}   {seconds:.2f} s", fontsize=10)
    figure.tight_layout(pad=0.4)
    figure.savefig(path)
    matplotlib.pyplot.close(figure)


def pictures(arguments):
    import numpy
    import soundfile

    recordings = read_recordings(arguments.tables)
    clips = read_clips(arguments.tables, recordings)
    os.makedirs(arguments.folder, exist_ok=True)
    for source, files in recordings.items():
        parts = [(clip, begin, end) for clip, (of, begin, end) in clips.items() if of == source]
        sound = numpy.concatenate([read_sound(*file) for file in files])[: FRAME * max(end for _, _, end in parts)]
        sound *= PEAK / abs(sound).max()
        for clip, begin, end in parts:
            path = os.path.join(arguments.folder, clip)
            samples = sound[FRAME * begin : FRAME * end]
            soundfile.write(path + ".wav", samples, RATE_HZ, subtype="PCM_16")
            draw(samples, clip, path + ".png")
        print(f"{source}: {len(parts)} clips")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", default=os.path.dirname(os.path.abspath(__file__)), help="the folder of the tables")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("pictures", help="draw the clips")
    command.add_argument("folder", metavar="FOLDER")
    command.set_defaults(run=pictures)
    command = commands.add_parser("agreement", help="compare the passes")
    command.set_defaults(run=agreement)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except ImportError as error:
        sys.exit(f"labelled_by_hand.py: {error}; it is in the packages python3-matplotlib, python3-scipy and python3-soundfile")
    except (TableError, OSError) as error:
        sys.exit(f"labelled_by_hand.py: {error}")


if __name__ == "__main__":
    main()
