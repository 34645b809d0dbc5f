"""Everything the build reaches outside for, in one list.

Each library comes from the distribution and appears under its canonical repository name. The
packages that provide them are listed in packages.txt, which ./bazelw installs. WORKSPACE files call
`parlance_repositories` or `parlance_perf_dependencies`, where a repository that is declared before
under the same name is used instead; MODULE.bazel has extensions.bzl.
"""

load("//third_party:abseil.bzl", "abseil")
load("//third_party:debian.bzl", "debian_package")
load("//third_party:folder.bzl", "folder")

def _package(declared, name, overlay, package, headers = [], libraries = [], files = {}, optional_files = {}, stand_ins = []):
    """A repository of what one or more packages install.

    Args:
      declared: names of repositories that are there already, and stay.
      name: canonical name of the repository.
      overlay: name of its BUILD file in this folder, without `.BUILD`.
      package: the Debian packages, space-separated.
      headers: files and folders below /usr/include; each appears by its last name in include/.
      libraries: files in the machine's library folder; each appears in lib/.
      files: further absolute paths to the places they take in the repository.
      optional_files: the same, of files that not every release has.
      stand_ins: all of its targets, if the build can do without the package.
    """
    places = dict(files)
    for header in headers:
        places["/usr/include/" + header] = "include/" + header.split("/")[-1]
    for library in libraries:
        places["/usr/lib/{multiarch}/" + library] = "lib/" + library
    if name in declared:
        return
    debian_package(
        name = name,
        build_files = {Label("//third_party:%s.BUILD" % overlay): "BUILD.bazel"},
        files = places,
        optional_files = optional_files,
        package = package,
        stand_ins = stand_ins,
    )

def _recordings(declared, name, package, folder, pattern, example = None):
    """A repository of recordings, which the build can do without: `//:recordings`.

    Args:
      declared: names of repositories that are there already, and stay.
      name: of the repository.
      package: the Debian package that has them.
      folder: where it installs them.
      pattern: which of its files they are.
      example: one of them, where other packages install into the same folder.
    """
    if name in declared:
        return
    debian_package(
        name = name,
        files = dict({folder: "recordings"}, **({folder + "/" + example: "example"} if example else {})),
        generated_build_files = {"BUILD.bazel": """
filegroup(
    name = "recordings",
    srcs = glob(
        ["recordings/{}"],
        exclude = ["**/*.lat*"],
    ),
    visibility = ["//visibility:public"],
)
""".format(pattern)},
        package = package,
        stand_ins = ["recordings"],
    )

# buildifier: disable=unnamed-macro
def perf_libraries(declared):
    """Declares the libraries that perf/ needs.

    Args:
      declared: names of repositories that are there already, and stay.
    """
    if "com_google_absl" not in declared:
        abseil(name = "com_google_absl")
    _package(
        declared,
        name = "com_google_googletest",
        overlay = "googletest",
        package = "libgtest-dev libgmock-dev",
        headers = ["gmock", "gtest"],
        libraries = ["libgmock.a", "libgtest.a", "libgtest_main.a"],
    )
    _package(
        declared,
        name = "com_github_google_benchmark",
        overlay = "benchmark",
        package = "libbenchmark-dev",
        headers = ["benchmark"],
        libraries = ["libbenchmark.so"],
    )
    _package(
        declared,
        name = "com_github_tencent_rapidjson",
        overlay = "rapidjson",
        package = "rapidjson-dev",
        headers = ["rapidjson"],
    )
    _package(
        declared,
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
        declared,
        name = "com_googlesource_code_re2",
        overlay = "re2",
        package = "libre2-dev",
        headers = ["re2"],
        libraries = ["libre2.so"],
    )
    _package(
        declared,
        name = "org_postgresql",
        overlay = "libpq",
        package = "libpq-dev",
        headers = [
            "postgresql/libpq-fe.h",
            "postgresql/postgres_ext.h",
        ],
        libraries = ["libpq.so"],
        # Until release 17.
        optional_files = {"/usr/include/postgresql/pg_config_ext.h": "include/pg_config_ext.h"},
    )
    _package(
        declared,
        name = "org_sqlite",
        overlay = "sqlite",
        package = "libsqlite3-dev",
        headers = ["sqlite3.h"],
        libraries = ["libsqlite3.so"],
    )
    _package(
        declared,
        name = "valgrind",
        overlay = "valgrind",
        package = "valgrind",
        optional_files = {"/usr/include/valgrind": "include/valgrind"},
    )

# buildifier: disable=unnamed-macro
def agent_libraries(declared):
    """Declares the libraries and recordings that the voice agent and its tests need besides.

    Args:
      declared: names of repositories that are there already, and stay.
    """
    _package(
        declared,
        name = "curl",
        overlay = "libcurl",
        package = "libcurl4-openssl-dev",
        headers = ["{multiarch}/curl"],
        libraries = ["libcurl.so"],
    )
    _package(
        declared,
        name = "openssl",
        overlay = "openssl",
        package = "libssl-dev",
        headers = ["openssl"],
        libraries = ["libcrypto.so", "libssl.so"],
    )
    if "python3_websockets" not in declared:
        debian_package(
            name = "python3_websockets",
            files = {"/usr/lib/python3/dist-packages/websockets/__init__.py": "websockets/__init__.py"},
            generated_build_files = {"BUILD.bazel": """
filegroup(
    name = "websockets",
    srcs = ["websockets/__init__.py"],
    visibility = ["//visibility:public"],
)
"""},
            package = "python3-websockets",
            stand_ins = ["websockets"],
        )
    _package(
        declared,
        name = "libsndfile",
        overlay = "libsndfile",
        package = "libsndfile1-dev",
        headers = ["sndfile.h"],
        libraries = ["libsndfile.so"],
    )
    _package(
        declared,
        name = "opus",
        overlay = "opus",
        package = "libopus-dev",
        headers = ["opus"],
        libraries = ["libopus.so"],
        stand_ins = ["opus"],
    )
    _package(
        declared,
        name = "spandsp",
        overlay = "spandsp",
        package = "libspandsp-dev",
        headers = ["spandsp", "{multiarch}/spandsp.h"],
        libraries = ["libspandsp.so"],
        stand_ins = ["spandsp"],
    )
    _package(
        declared,
        name = "speexdsp",
        overlay = "speexdsp",
        package = "libspeexdsp-dev",
        headers = ["speex"],
        libraries = ["libspeexdsp.so"],
        stand_ins = ["speexdsp"],
    )
    _package(
        declared,
        name = "webrtc_audio_processing",
        overlay = "webrtc_audio_processing",
        package = "libwebrtc-audio-processing-dev",
        files = {
            "/usr/lib/{multiarch}/libwebrtc-audio-processing-1.so|" +
            "/usr/lib/{multiarch}/libwebrtc_audio_processing.so": "lib/",
        },
    )
    _package(
        declared,
        name = "pocketsphinx",
        overlay = "pocketsphinx",
        package = "libpocketsphinx-dev pocketsphinx-en-us",
        headers = ["pocketsphinx"],
        libraries = ["libpocketsphinx.so"],
        files = {"/usr/share/pocketsphinx/model/en-us": "model/en-us"},
        # SphinxBase was a library of its own until release 5, which moved the first header.
        optional_files = {
            "/usr/include/pocketsphinx.h": "include/pocketsphinx.h",
            "/usr/include/{multiarch}/sphinxbase": "include/sphinxbase",
            "/usr/lib/{multiarch}/libsphinxbase.so": "lib/libsphinxbase.so",
        },
    )
    _package(
        declared,
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

    # Recorded speech for tests and benchmarks: see //third_party/speech_samples.
    _recordings(declared, "alsa_sounds", "alsa-utils", "/usr/share/sounds/alsa", "*.wav")
    _recordings(declared, "asterisk_music", "asterisk-moh-opsound-g722", "/usr/share/asterisk/moh", "*.g722")
    _recordings(declared, "asterisk_prompts", "asterisk-core-sounds-en-wav", "/usr/share/asterisk/sounds/en_US_f_Allison", "**/*.wav")
    _recordings(declared, "asterisk_russian_prompts", "asterisk-core-sounds-ru-g722", "/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU", "**/*.g722", example = "vm-opts.g722")
    _recordings(declared, "asterisk_russian_prompts_wav", "asterisk-core-sounds-ru-wav", "/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU", "**/*.wav", example = "vm-opts.wav")
    _recordings(declared, "asterisk_spanish_prompts", "asterisk-prompt-es-co", "/usr/share/asterisk/sounds/es", "*.gsm", example = "vm-options.gsm")
    _recordings(declared, "codec2_examples", "codec2-examples", "/usr/share/codec2", "**/*.wav")
    _recordings(declared, "kajongg_voices", "kajongg", "/usr/share/kajongg/voices", "**/*.ogg")
    _recordings(declared, "pocketsphinx_recordings", "pocketsphinx-testdata", "/usr/share/pocketsphinx/test/data", "**")
    _recordings(declared, "saytime_words", "saytime", "/usr/share/saytime", "*.au")

def _rules(declared):
    """What Bazel and its rules ask for without modules, of folders here and of the distribution's Bazel 7."""

    # Bazel would fetch its coverage tools from the network, for every test; ours run the distribution's gcov.
    for name in ["remote_coverage_tools", "rules_cc", "rules_java", "rules_proto"]:
        if name not in declared:
            folder(
                name = name,
                workspace_file = Label("//third_party:%s/WORKSPACE" % name),
            )
    for name in ["rules_license", "rules_python"]:
        if name not in declared:
            native.local_repository(
                name = name,
                path = "/usr/share/bazel/rules/" + name[len("rules_"):],
            )

def _skylib(declared):
    """What tests of our own rules need."""
    if "bazel_skylib" not in declared:
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
            # What Bazel 7 loads of it.
            optional_files = {
                skylib + "rules": "rules",
                skylib + "version.bzl": "version.bzl",
            },
            package = "bazel-skylib",
        )
    native.register_toolchains("@bazel_skylib//toolchains/unittest:bash_toolchain")

# buildifier: disable=unnamed-macro
def parlance_perf_dependencies():
    """Declares what perf/ needs: for WORKSPACE files of those who load its rules."""
    declared = native.existing_rules()
    _rules(declared)
    perf_libraries(declared)

# buildifier: disable=unnamed-macro
def parlance_repositories():
    """Declares all that this workspace reaches outside for."""
    _skylib(native.existing_rules())
    parlance_perf_dependencies()
    agent_libraries(native.existing_rules())
