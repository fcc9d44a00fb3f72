#!/usr/bin/env python3
"""Uses the library as a stranger would: installed, through pkg-config, shared and static; and as a meson subproject.

    install_test.py SOURCE_ROOT BUILD_ROOT COMPILER...
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import png_files

SOURCE, BUILD = (os.path.abspath(p) for p in sys.argv[1:3])
COMPILER = sys.argv[3:]
CONSUMER = os.path.join(SOURCE, "tests", "embed", "consumer")


def run(*command, **how):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **how)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


class Installed(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory(prefix="weir-install-")
        self.addCleanup(home.cleanup)
        self.home = home.name
        self.files = png_files.make(self.home, [(6, 4)] * 10)

    def at(self, *names):
        return os.path.join(self.home, *names)

    def install(self):
        """Returns what pkg-config has to be told, and the directory of the libraries."""
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", self.at("root"))
        pc = [os.path.join(d, "weir.pc") for d, _, names in os.walk(self.at("root")) if "weir.pc" in names]
        self.assertEqual(len(pc), 1)
        prefix = run("pkg-config", "--variable=prefix", pc[0]).strip()
        options = [f"--define-variable=prefix={self.at('root')}{prefix}"]
        os.environ["PKG_CONFIG_PATH"] = os.path.dirname(pc[0])
        return options, os.path.dirname(os.path.dirname(pc[0]))

    def compile(self, flags):
        program = self.at("consumer")
        run(*COMPILER, "-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", os.path.join(CONSUMER, "consumer.cpp"), "-o", program,
            *flags)
        return program

    def test_shared_through_pkg_config(self):
        options, libraries = self.install()
        program = self.compile(run("pkg-config", *options, "--cflags", "--libs", "weir").split())
        self.assertIn("libweir.so", run("ldd", program, env={**os.environ, "LD_LIBRARY_PATH": libraries}))
        self.assertEqual(run(program, *self.files, env={**os.environ, "LD_LIBRARY_PATH": libraries}), "10 images\n")

    def test_static_through_pkg_config(self):
        options, libraries = self.install()
        for name in os.listdir(libraries):
            if name.startswith("libweir.so"):
                os.remove(os.path.join(libraries, name))
        program = self.compile(run("pkg-config", *options, "--static", "--cflags", "--libs", "weir").split())
        self.assertNotIn("libweir", run("ldd", program))
        self.assertEqual(run(program, *self.files), "10 images\n")

    def test_every_installed_header_stands_alone(self):
        self.install()
        include = next(d for d, names, _ in os.walk(self.at("root")) if os.path.basename(d) == "include")
        source = self.at("all.cpp")
        headers = sorted(os.listdir(os.path.join(include, "weir")))
        self.assertIn("weir.hpp", headers)
        with open(source, "w", encoding="ascii") as file:
            file.writelines(f"#include <weir/{name}>\n" for name in headers if name.endswith(".hpp"))
        run(*COMPILER, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", include, source)

    def test_as_a_meson_subproject(self):
        shutil.copytree(CONSUMER, self.at("project"))
        os.mkdir(self.at("project", "subprojects"))
        os.symlink(SOURCE, self.at("project", "subprojects", "weir"))
        environment = {**os.environ, "CXX": " ".join(COMPILER)}
        run("meson", "setup", "--wrap-mode=nodownload", "--force-fallback-for=weir", "--buildtype=plain",
            self.at("build"), self.at("project"), env=environment)
        run("ninja", "-C", self.at("build"), "consumer")
        self.assertEqual(run(self.at("build", "consumer"), *self.files), "10 images\n")


program = unittest.main(argv=sys.argv[:1], exit=False)
failed = len({str(test) for test, _ in program.result.failures + program.result.errors})
print(f"{program.result.testsRun - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
