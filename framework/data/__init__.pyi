from .arrays import Arrays as Arrays, Sample as Sample, stack as stack
from .augmentation import Augmentation as Augmentation
from .builtin import (
    builtin_names as builtin_names,
    default_domains as default_domains,
    open_table as open_table,
    paper_shifts as paper_shifts,
)
from .check import check_data as check_data, check_file as check_file, check_table as check_table
from .decoding import Decoded as Decoded
from .decoding_limit import set_decoding_limit as set_decoding_limit
from .open_set import UnknownClasses as UnknownClasses, keep_known as keep_known
from .preprocessing import (
    AudioPreprocessing as AudioPreprocessing,
    DepthPreprocessing as DepthPreprocessing,
    FeaturesPreprocessing as FeaturesPreprocessing,
    ImagePreprocessing as ImagePreprocessing,
    Preprocessing as Preprocessing,
    SequencePreprocessing as SequencePreprocessing,
    SignalPreprocessing as SignalPreprocessing,
    TextPreprocessing as TextPreprocessing,
)
from .problem import Problem as Problem
from .reading import read_cell as read_cell
from .reference import Reference as Reference, parse_reference as parse_reference
from .report import Report as Report
from .row import Row as Row
from .samples import Samples as Samples
from .schema import Schema as Schema
from .skipping import find_bad_rows as find_bad_rows, find_misfits as find_misfits, leave_out as leave_out
from .table import Table as Table
from .table_file import (
    name_unwritten as name_unwritten,
    read_table as read_table,
    scan_table as scan_table,
    write_table as write_table,
)
from .validation import carve_validation as carve_validation
