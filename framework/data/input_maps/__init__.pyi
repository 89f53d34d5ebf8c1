from .affine import Affine as Affine
from .base import InputMap as InputMap
from .composition import Composition as Composition, compose as compose
from .filtering import Filtering as Filtering
from .flip import Flip as Flip
