from .audio import LogMelCNN as LogMelCNN
from .default import (
    DEFAULT_ENCODERS as DEFAULT_ENCODERS,
    default_encoder as default_encoder,
    make_encoder as make_encoder,
)
from .frame_mlp import FrameMLP as FrameMLP
from .image import SmallCNN as SmallCNN, TimmImage as TimmImage
from .log_mel import LogMel as LogMel
from .log_mel_mlp import LogMelMLP as LogMelMLP
from .masked_lstm import MaskedLSTM as MaskedLSTM
from .mlp import MLP as MLP
from .recurrent import LSTM as LSTM, SignalLSTM as SignalLSTM
from .signal import SignalResNet as SignalResNet
from .signal_statistics import SignalStatistics as SignalStatistics
from .speaker_lstm import SpeakerLSTM as SpeakerLSTM
from .statistics_mlp import StatisticsMLP as StatisticsMLP, StatisticsResNet as StatisticsResNet
from .temporal_relation import TemporalRelationNetwork as TemporalRelationNetwork
from .text_cnn import SequenceCNN as SequenceCNN, TextCNN as TextCNN
from .timm_spectrogram import TimmSpectrogram as TimmSpectrogram
from .transformer_audio import TransformerAudio as TransformerAudio
from .transformer_text import TransformerText as TransformerText
from .trunk_cache import TrunkCache as TrunkCache
from .trunk_encoder import TrunkEncoder as TrunkEncoder
from .wrap import ModuleEncoder as ModuleEncoder, as_encoder as as_encoder
