"""Everything the build reaches outside for, in one list.

Each library comes from the distribution and appears under its canonical repository name. The
packages that provide them are listed in packages.txt, which ./bazelw installs. A repository that is
declared before under the same name is used instead.
"""

load("//third_party:abseil.bzl", "abseil")
load("//third_party:debian.bzl", "debian_package")
load("//third_party:folder.bzl", "folder")

def _package(name, overlay, package, headers = [], libraries = [], files = {}):
    """A repository of what one or more packages install.

    Args:
      name: canonical name of the repository.
      overlay: name of its BUILD file in this folder, without `.BUILD`.
      package: the Debian packages, space-separated.
      headers: files and folders below /usr/include; each appears by its last name in include/.
      libraries: files in the machine's library folder; each appears in lib/.
      files: further absolute paths to the places they take in the repository.
    """
    places = dict(files)
    for header in headers:
        places["/usr/include/" + header] = "include/" + header.split("/")[-1]
    for library in libraries:
        places["/usr/lib/{multiarch}/" + library] = "lib/" + library
    if native.existing_rule(name):
        return
    debian_package(
        name = name,
        build_files = {Label("//third_party:%s.BUILD" % overlay): "BUILD.bazel"},
        files = places,
        package = package,
    )

def _rules(names):
    """Repositories that Bazel or its rules ask for, of folders here."""
    for name in names:
        if not native.existing_rule(name):
            folder(
                name = name,
                workspace_file = Label("//third_party:%s/WORKSPACE" % name),
            )

# buildifier: disable=unnamed-macro
def parlance_perf_dependencies():
    """Declares what perf/ needs: for workspaces that load its rules."""
    _rules(["rules_cc", "rules_java", "rules_proto"])

    # Bazel would fetch its coverage tools from the network, for every test; ours run the distribution's gcov.
    _rules(["remote_coverage_tools"])
    if not native.existing_rule("com_google_absl"):
        abseil(name = "com_google_absl")
    _package(
        name = "com_google_googletest",
        overlay = "googletest",
        package = "libgtest-dev libgmock-dev",
        headers = ["gmock", "gtest"],
        libraries = ["libgmock.a", "libgtest.a", "libgtest_main.a"],
    )
    _package(
        name = "com_github_google_benchmark",
        overlay = "benchmark",
        package = "libbenchmark-dev",
        headers = ["benchmark"],
        libraries = ["libbenchmark.so"],
    )
    _package(
        name = "com_github_tencent_rapidjson",
        overlay = "rapidjson",
        package = "rapidjson-dev",
        headers = ["rapidjson"],
    )
    _package(
        name = "com_google_protobuf",
        overlay = "protobuf",
        package = "libprotobuf-dev protobuf-compiler",
        libraries = ["libprotobuf.so"],
        files = {
            "/usr/bin/protoc": "bin/protoc",
            "/usr/include/google/protobuf": "include/google/protobuf",
        },
    )
    _package(
        name = "com_googlesource_code_re2",
        overlay = "re2",
        package = "libre2-dev",
        headers = ["re2"],
        libraries = ["libre2.so"],
    )
    _package(
        name = "org_postgresql",
        overlay = "libpq",
        package = "libpq-dev",
        headers = [
            "postgresql/libpq-fe.h",
            "postgresql/pg_config_ext.h",
            "postgresql/postgres_ext.h",
        ],
        libraries = ["libpq.so"],
    )
    _package(
        name = "org_sqlite",
        overlay = "sqlite",
        package = "libsqlite3-dev",
        headers = ["sqlite3.h"],
        libraries = ["libsqlite3.so"],
    )
    _package(
        name = "valgrind",
        overlay = "valgrind",
        package = "valgrind",
        headers = ["valgrind"],
    )

def _agent_repositories():
    """What the voice agent and its tests need besides."""
    _package(
        name = "curl",
        overlay = "libcurl",
        package = "libcurl4-openssl-dev",
        headers = ["{multiarch}/curl"],
        libraries = ["libcurl.so"],
    )
    _package(
        name = "libsndfile",
        overlay = "libsndfile",
        package = "libsndfile1-dev",
        headers = ["sndfile.h"],
        libraries = ["libsndfile.so"],
    )
    _package(
        name = "opus",
        overlay = "opus",
        package = "libopus-dev",
        headers = ["opus"],
        libraries = ["libopus.so"],
    )
    _package(
        name = "spandsp",
        overlay = "spandsp",
        package = "libspandsp-dev",
        headers = ["spandsp", "{multiarch}/spandsp.h"],
        libraries = ["libspandsp.so"],
    )
    _package(
        name = "speexdsp",
        overlay = "speexdsp",
        package = "libspeexdsp-dev",
        headers = ["speex"],
        libraries = ["libspeexdsp.so"],
    )
    _package(
        name = "webrtc_audio_processing",
        overlay = "webrtc_audio_processing",
        package = "libwebrtc-audio-processing-dev",
        headers = ["webrtc_audio_processing/webrtc"],
        libraries = ["libwebrtc_audio_processing.so"],
    )
    _package(
        name = "pocketsphinx",
        overlay = "pocketsphinx",
        package = "libpocketsphinx-dev libsphinxbase-dev pocketsphinx-en-us",
        headers = ["pocketsphinx", "{multiarch}/sphinxbase"],
        libraries = ["libpocketsphinx.so", "libsphinxbase.so"],
        files = {"/usr/share/pocketsphinx/model/en-us": "model/en-us"},
    )
    _package(
        name = "flite",
        overlay = "flite",
        package = "flite1-dev",
        headers = ["flite"],
        libraries = [
            "libflite.so",
            "libflite_cmu_us_kal16.so",
            "libflite_cmu_us_slt.so",
            "libflite_cmulex.so",
            "libflite_usenglish.so",
        ],
    )

    # Recorded speech for tests and benchmarks.
    _package(
        name = "speech_samples",
        overlay = "speech_samples",
        package = "pocketsphinx-testdata asterisk-core-sounds-en-wav asterisk-core-sounds-ru-g722 " +
                  "asterisk-moh-opsound-g722 codec2-examples alsa-utils",
        files = {
            "/usr/share/asterisk/moh": "music",
            "/usr/share/asterisk/sounds/en_US_f_Allison": "asterisk",
            "/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU": "asterisk_ru",
            "/usr/share/codec2": "codec2",
            "/usr/share/pocketsphinx/test/data": "pocketsphinx",
            "/usr/share/sounds/alsa": "alsa",
        },
    )

def _build_repositories():
    """What tests of our own rules need."""

    # The package brings its own BUILD files.
    skylib = "/usr/share/bazel/tools/skylib/"
    debian_package(
        name = "bazel_skylib",
        files = {
            skylib + "BUILD": "BUILD",
            skylib + "bzl_library.bzl": "bzl_library.bzl",
            skylib + "lib": "lib",
            skylib + "toolchains": "toolchains",
        },
        package = "bazel-skylib",
    )
    native.register_toolchains("@bazel_skylib//toolchains/unittest:bash_toolchain")

# buildifier: disable=unnamed-macro
def parlance_repositories():
    """Declares all that this workspace reaches outside for."""
    _build_repositories()
    parlance_perf_dependencies()
    _agent_repositories()
