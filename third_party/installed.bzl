"""Which of the packages that the build can do without are installed.

Bazel leaves out by itself what depends on one that is not: a test of `//...` is skipped. A suite would be left out, too,
so it asks here which members it has.
"""

load("@alsa_sounds//:installed.bzl", alsa_sounds = "INSTALLED")
load("@asterisk_music//:installed.bzl", asterisk_music = "INSTALLED")
load("@asterisk_prompts//:installed.bzl", asterisk_prompts = "INSTALLED")
load("@asterisk_russian_prompts//:installed.bzl", asterisk_russian_prompts = "INSTALLED")
load("@asterisk_russian_prompts_wav//:installed.bzl", asterisk_russian_prompts_wav = "INSTALLED")
load("@asterisk_spanish_prompts//:installed.bzl", asterisk_spanish_prompts = "INSTALLED")
load("@codec2_examples//:installed.bzl", codec2_examples = "INSTALLED")
load("@kajongg_voices//:installed.bzl", kajongg_voices = "INSTALLED")
load("@opus//:installed.bzl", opus = "INSTALLED")
load("@pocketsphinx_recordings//:installed.bzl", pocketsphinx_recordings = "INSTALLED")
load("@python3_websockets//:installed.bzl", python3_websockets = "INSTALLED")
load("@saytime_words//:installed.bzl", saytime_words = "INSTALLED")
load("@spandsp//:installed.bzl", spandsp = "INSTALLED")
load("@speexdsp//:installed.bzl", speexdsp = "INSTALLED")

_INSTALLED = {
    "alsa-utils": alsa_sounds,
    "asterisk-core-sounds-en-wav": asterisk_prompts,
    "asterisk-core-sounds-ru-g722": asterisk_russian_prompts,
    "asterisk-core-sounds-ru-wav": asterisk_russian_prompts_wav,
    "asterisk-moh-opsound-g722": asterisk_music,
    "asterisk-prompt-es-co": asterisk_spanish_prompts,
    "codec2-examples": codec2_examples,
    "kajongg": kajongg_voices,
    "libopus-dev": opus,
    "libspandsp-dev": spandsp,
    "libspeexdsp-dev": speexdsp,
    "pocketsphinx-testdata": pocketsphinx_recordings,
    "python3-websockets": python3_websockets,
    "saytime": saytime_words,
}

def _missing(packages):
    return [package for package in packages if not _INSTALLED[package]]

def installed(needed):
    """Those of the targets whose packages are all installed.

    Args:
      needed: label to the Debian packages that it needs of those that are optional in packages.txt.

    Returns:
      A list of labels.
    """
    return [label for label, packages in needed.items() if not _missing(packages)]

def left_out(needed):
    """The others, and why.

    Args:
      needed: as of `installed`.

    Returns:
      Label to what is missing, in words.
    """
    return {
        label: "not installed: " + ", ".join(_missing(packages))
        for label, packages in needed.items()
        if _missing(packages)
    }
