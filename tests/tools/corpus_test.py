#!/usr/bin/env python3
"""tools/corpus, on packages made here: a photograph and a few PNG files.

    corpus_test.py BUILD [unittest arguments]

BUILD is the build directory with cut_photos. The last line is "N passed, N failed".
"""
import base64
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

CORPUS = pathlib.Path(__file__).resolve().parent.parent.parent / "tools/corpus"
BUILD = ""
PHOTOGRAPH = base64.b64decode("""
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//
2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCABgAGADASIAAhEBAxEB/8QA
GwAAAgMBAQEAAAAAAAAAAAAAAwUCBAYBAAf/xAA4EAACAQMDAQUEBgsBAAAAAAABAgMABBEFEiExBhNBUXEUImGRIzIzscHRFiQ0QkNEUnKBoaLh/8QAGgEA
AwEBAQEAAAAAAAAAAAAAAgMEBQEGAP/EACcRAAICAQQBAwQDAAAAAAAAAAECAAMRBBIhMUEFEzIUIkJxgfDx/9oADAMBAAIRAxEAPwB1HFjrR1UVzNFQV5Wy
4mbQrVBxJKtTCV1RRFWpGsgFpAJXQtExXsChDwd0iBUwK5nFCuLhIIy7nAHU1VVZ4nME9SyCBUgRis7q+vw2lkZEbcW4AU1ctNRtoNMiuJZ94cdRySapVmOO
J00sBGkjAClN7J1oV7qEr3UaWp42b2UjqCapXlzwearr/cmvUqBnzGiijJQwKIvFYziaDGGQUUUFTXS1TkGIIzCE1EkkHAzihl6E1w8B3qNw8RRKmTOhDMr2
j1zVLa5McELwRL/EZfrelU7HtXMT3OooHjbjeB09RX0COSz1GAq6o4PBVhSPVex2nTwSNaJ3M2Mrg8Z9K0qnp27HX+Y1L0+LDEyTww3tvMyAJmXanvVY0Kyu
LOaP2yUtEzACPOVXNL9JdrbUktpeEkfu3+B6ffWuhtc3UsQlVmhP0agDCg/eTV11qoNplBABwexO6ndrbzJNZhZWX3SPAUvuZHnRbho9gfggdAfGnlza7LRg
sayOyk+WDS6KGZtJcTLuBwy/DzqOuxFUEDmT2VrYmI6VwRUgaXxznFHSagaqIS8GXAa4zUHvhikvaLW2021C24BuJeEz0UeJoF05Y4EapBPEdu+0Ek8Usm1z
TopBG93HuJx7pzj1x0rAXN9qF7n2u7mkB/dLYHyHFCRceFWr6eo+RlFaE9ifTVZWInt3Csedw6NRhrBiG2cbT5+Br55ZaheWf7PKQvip5Hyq/wDpBdOuJYIX
B68Gkto3B45hPpSepK8sWu725lhkXv1+kVR0bnwomlXMtnq0NzKcRXJwTnzP4Gl8moRowmhiaGUcja+Qf8GrWnzrqEM1pKoAmO+Nzxsf4U9lYJ93X9/2LdHG
FabbUJCklox+zLkEjwJHFSsxGYTEeQjMp9KUWc82paGY34vLZhuBOPeX86sQTGKaSRjiOSMPk9Aeh/CstlK8eRBVMriU1lIoyS1VRSasRpWxtzMEORDbyRxW
e7UQOywTnlEyDgEnz6VoRwKgzACmIAvMZXqGrfcJgoN9wD7LaPKBwSckf6qwLa88dOH/AF+dax3VRhQAPhUVYGjLSg+o3HzMz7NMwG+xljI8Y8nPzrotHH8r
Kf7mx9wrRyFVQszAAdSTik91qcYJW3G8/wBRHH/tDzKdPqtVcdqCRgFvDte4tY05yC25i3oCcUzt5rO7aV2hjhjiQuxPDHywB0NKjpepSx+0yoEV+d0rAUKa
2W2te8WYTSOSrd3yqj186nZFf8uZsAJjaTkxhBr7W92JAhEI6oDy3qfE16btNJM0g9mjEbZABJJwaQPkqTUIs4NN+lq7InzAbxgTeKu3jFFWrt7abCWUVQ3Y
rqkEZnkSMSZNAlbg16SUAVSmn613M5ieZwWqtf34soQVUNI/1QenrXN/vZqpqlu1yiNFy6Z48xRDmP0oQ2gWdRZJc3Fz9vKzjOcE8fKtB2V01JZDfXKgxRnC
A9CfOkkVhOy7pAI1825PyFaB9US20yK3hXlVweMClaguV2p5m9bfXVXgGH7SajFJAYUAYnoM1nLH9XJGch+GHhQppjI5ZjkmvCTahby5rtVHtptmK+qLOMcA
QbAB3VegJAqCja2K7uDuzIw2nnrQWuIRJjvRkdfKngEz0gvr2g5n2G6w6Gs1eHu3OOlOpJs5FJtR5zUVWZ5RoulmJqpJIaK9V3FPEDM4HyK53mKgeKDIxpgg
GHa42+NL7ifcxwa5K5qsTzRgT6SLVNWyjD4UAURTiinZUHVhQ1t2kYkEAZosw2S58DUoGRXKudobo3lTAcDIlGnK+4A3U//Z
""")
PNG_TYPES = {"rgb": (2, 3), "rgba": (6, 4)}


def png(kind, side):
    color, channels = PNG_TYPES[kind]
    rows = (b"\0" + bytes((x + y) % 256 for x in range(side * channels)) for y in range(side))
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, color, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b""))


class Corpus(unittest.TestCase):
    ENTRIES = "photo-rgb-32,photo-rgb-64,icons"
    FORMS = "photo-rgb-32,photo-palette4-512,photo-rgba16-512,photo-rgb-512-interlaced"

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.root = pathlib.Path(self.directory.name)
        nature = self.root / "packages/mate-backgrounds/usr/share/backgrounds/mate/nature"
        icons = self.root / "packages/adwaita-icon-theme/usr/share/icons"
        nature.mkdir(parents=True)
        icons.mkdir(parents=True)
        (nature / "Flower.jpg").write_bytes(PHOTOGRAPH)
        for side in (8, 20, 21, 22, 23):
            (icons / f"{side}.png").write_bytes(png("rgba", side))
            (icons / f"{side}-too.png").write_bytes(png("rgba", side))
        (icons / "lonely.png").write_bytes(png("rgb", 32))
        (icons / "broken.png").write_bytes(b"no image")

    def run_corpus(self, *arguments, expect=0):
        done = subprocess.run([sys.executable, CORPUS, "--built", BUILD, *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, expect, done.stdout)
        return done.stdout

    def make(self, name, entries=ENTRIES):
        self.run_corpus("--unpacked", self.root / "packages", "--only", entries, "--output", self.root / name)
        files = (path for path in sorted((self.root / name).rglob("*")) if path.is_file())
        return {str(path.relative_to(self.root / name)): path.read_bytes() for path in files}

    def test_two_runs_give_the_same_bytes(self):
        first = self.make("first")
        self.assertEqual(first, self.make("second"))
        self.assertEqual(sum(name.startswith("classes/photo-rgb-32/") for name in first), 24)

    def test_a_class_has_images_of_one_colour_type_and_none_twice(self):
        files = self.make("corpus")
        icons = {name for name in files if "icons" in name}
        self.assertEqual(len(icons), 4, icons)
        self.assertTrue(all(name.startswith("classes/icons-rgba/") for name in icons), icons)

    def test_forms_and_sizes_are_those_that_the_name_says(self):
        files = self.make("corpus", self.FORMS)
        for name, facts in (("photo-rgb-32", (32, 32, 8, 2, 0)), ("photo-palette4-512", (512, 512, 4, 3, 0)),
                            ("photo-rgba16-512", (512, 512, 16, 6, 0)), ("photo-rgb-512-interlaced", (512, 512, 8, 2, 1))):
            width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", files[f"classes/{name}/000000.png"][16:29])
            self.assertEqual((width, height, depth, color, interlace), facts, name)

    def test_a_second_run_makes_nothing(self):
        self.make("corpus")
        before = {path: path.stat().st_mtime_ns for path in (self.root / "corpus").rglob("*")}
        self.make("corpus")
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in (self.root / "corpus").rglob("*")})

    def test_check_finds_a_changed_a_missing_and_a_strange_file(self):
        self.make("corpus")
        self.run_corpus("--check", "--output", self.root / "corpus")
        folder = self.root / "corpus/classes/photo-rgb-32"
        (folder / "000000.png").write_bytes(b"other")
        (folder / "000001.png").unlink()
        (folder / "strange.png").write_bytes(b"")
        told = self.run_corpus("--check", "--output", self.root / "corpus", expect=1)
        self.assertEqual([line.split("/")[-1] for line in told.splitlines()],
                         ["strange.png: not in the manifest", "000000.png: other bytes", "000001.png: missing"])

    def test_what_has_no_package_is_left_out_with_the_reason(self):
        self.run_corpus("--unpacked", self.root / "packages", "--only", "screenshots,icons", "--output", self.root / "corpus")
        manifest = json.loads((self.root / "corpus/manifest.json").read_text())
        self.assertEqual(list(manifest["classes"]), ["icons-rgba"])
        self.assertIn("mate-user-guide", manifest["left_out"]["screenshots"])

    def test_a_part_of_a_corpus_needs_a_place_of_its_own(self):
        self.run_corpus("--only", "icons", expect=2)


def main():
    global BUILD
    BUILD = sys.argv[1]
    if not (pathlib.Path(BUILD) / "tools/benchmarks/cut_photos").exists():
        print("cut_photos is not built: it needs libjpeg-dev")
        return 77
    result = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
