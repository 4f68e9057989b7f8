"""Gets every package that training and validation read, by name and version, with the
ordinary clients npm, pip and apt; checks each archive's SHA-256 and prints its licence.

    python training/fetch.py PACKAGES [--training-only]
"""

import argparse
import hashlib
import subprocess
import tempfile
from pathlib import Path

LISTED = Path(__file__).with_name("packages.tsv")
COMMANDS = {
    "npm": ["npm", "pack", "--silent", "{name}@{version}"],
    "pip": ["pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
            "--python-version=3.11", "--platform=any", "--platform=manylinux_2_28_x86_64",
            "{name}=={version}"],
    "apt": ["apt-get", "download", "-qq", "{name}={version}"],
}
UNPACK = {
    ".tgz": ["tar", "-xzf", "{archive}", "-C", "{folder}", "--strip-components=1"],
    ".whl": ["unzip", "-qo", "{archive}", "-d", "{folder}"],
    ".deb": ["dpkg-deb", "-x", "{archive}", "{folder}"],
}


def packages():
    names = ("client", "name", "version", "folder", "licence", "credit", "use", "sha256")
    for line in LISTED.read_text().splitlines():
        if not line.startswith("#"):
            yield dict(zip(names, line.split("\t")))


def run(command, **values):
    subprocess.run([part.format(**values) for part in command], check=True, cwd=values["here"],
                   stdout=subprocess.DEVNULL)


def get(package, folder):
    with tempfile.TemporaryDirectory() as here:
        run(COMMANDS[package["client"]], here=here, **package)
        archive, = Path(here).iterdir()
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        if digest != package["sha256"]:
            raise SystemExit(f"{package['name']} {package['version']}: expected the SHA-256 "
                             f"{package['sha256']}, got {digest}")
        folder.mkdir(parents=True)
        run(UNPACK[archive.suffix], here=here, archive=archive, folder=folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", type=Path)
    parser.add_argument("--training-only", action="store_true")
    given = parser.parse_args()
    for package in packages():
        if given.training_only and package["use"] == "validation only":
            continue
        folder = given.packages.resolve() / package["folder"]
        if not folder.exists():
            get(package, folder)
        print(f"{package['name']} {package['version']}: {package['licence']}, "
              f"{package['credit']} ({package['use']})", flush=True)


if __name__ == "__main__":
    main()
