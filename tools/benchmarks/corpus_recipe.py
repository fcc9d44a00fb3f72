"""What the corpus is made of. A change here makes another corpus: the manifest has the recipe's digest."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Photos:
    """Photographs cut to squares and encoded anew."""
    name: str
    size: int
    count: int
    form: str = "rgb"        # what tools/benchmarks/corpus/forms.hpp names
    encoder: str = "level6"  # what that names, or imagemagick, optipng
    timed: bool = True       # False: files for a pipeline, not a class of images to time decoders with


@dataclasses.dataclass(frozen=True)
class Packaged:
    """PNG files as they are in a package: those of at least `least` columns and rows, a class for each colour type of which there
    are `few` or more."""
    name: str
    package: str
    under: tuple
    least: int = 16
    most: int = 4096
    few: int = 4
    count: int = 24
    small: bool = False  # in the small corpus too


PHOTO_PACKAGE = "mate-backgrounds"
PHOTO_FOLDER = "usr/share/backgrounds/mate/nature"
MOST_PIXELS = 6_000_000  # of a packaged class

SIZES = (Photos("photo-rgb-32", 32, 24), Photos("photo-rgb-64", 64, 24), Photos("photo-rgb-128", 128, 24),
         Photos("photo-rgb-224", 224, 12), Photos("photo-rgb-512", 512, 8), Photos("photo-rgb-1024", 1024, 4),
         Photos("photo-rgb-2048", 2048, 2), Photos("photo-rgb-4096", 4096, 1))
ENCODERS = tuple(Photos(f"photo-rgb-512-{encoder}", 512, 8, encoder=encoder)
                 for encoder in ("level0", "level1", "level9", "no-filter", "opencv", "imagemagick", "optipng", "interlaced"))
RGBA = tuple(Photos(f"photo-rgba-{size}", size, count, "rgba") for size, count in ((224, 12), (512, 8), (1024, 4)))
FORMS = tuple(Photos(f"photo-{form}-512", 512, 8, form)
              for form in ("gray", "gray-alpha", "gray16", "rgb16", "rgba16", "palette8", "palette4", "palette2", "palette1",
                           "gray4", "gray1"))
PHOTOS = (*SIZES, *ENCODERS, *RGBA, *FORMS)

PACKAGED = (
    Packaged("icons", "adwaita-icon-theme", ("usr/share/icons",), small=True),
    Packaged("screenshots", "mate-user-guide", ("usr/share/help/C", "usr/share/help/de", "usr/share/help/fr"), least=200,
             small=True),
    Packaged("desktop", "mate-backgrounds", ("usr/share/backgrounds",), least=1024, most=3000, few=1, count=2, small=True),
    Packaged("icons-gnome", "gnome-icon-theme", ("usr/share/icons",), least=24),
    Packaged("renders", "lincity-ng-data", ("usr/share/games/lincity-ng/images",), least=64),
    Packaged("clipart", "openclipart-png", ("usr/share/openclipart/png",), least=200, count=12),
    Packaged("book", "png-definitive-guide", ("usr/share/doc",), least=100),
    Packaged("photos-packaged", "python3-skimage", ("usr/lib/python3/dist-packages/skimage/data",), least=200, few=2),
)

# Files enough to see a pipeline in its stride; the same photographs, cut at more places.
PIPELINE = tuple(Photos(f"pipeline-{size}", size, count, timed=False)
                 for size, count in ((32, 5000), (64, 2500), (224, 800), (512, 400), (1024, 96), (2048, 24), (4096, 6)))
