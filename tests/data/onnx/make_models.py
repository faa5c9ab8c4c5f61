#!/usr/bin/env python3
"""make_models.py: writes the models beside it and what onnxruntime makes of them. Run by hand:

  apt-get install python3-torch python3-venv        # Debian 12: torch 1.13
  python3 -m venv --system-site-packages venv
  venv/bin/pip install 'onnx<1.18' 'onnxruntime<1.21' 'numpy<2'
  venv/bin/python make_models.py

NAME.onnx is the model, NAME.f32 the raw little-endian float32 of [samples × inputs] and then [samples × outputs]; the
number of samples follows from the size. Seeds are fixed; the batch is dynamic.
"""
import math
import pathlib

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
SAMPLES = 3


# ---- networks, as their papers have them, with small widths


def normed(inputs, outputs, kernel, stride, groups=1, act=None):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([act] if act is not None else []))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(normed(inputs, outputs, 3, stride, act=nn.ReLU()), normed(outputs, outputs, 3, 1))
        self.shortcut = normed(inputs, outputs, 1, stride) if stride != 1 or inputs != outputs else nn.Identity()

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self, width=4, classes=10):
        super().__init__()
        layers = [normed(3, width, 7, 2, act=nn.ReLU()), nn.MaxPool2d(3, 2, 1)]
        inputs = width
        for stage in range(4):
            for block in range(2):
                outputs = width << stage
                layers.append(Residual(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
                inputs = outputs
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classify = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.classify(torch.flatten(self.pool(self.features(x)), 1))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        layers = [normed(inputs, hidden, 1, 1, act=nn.ReLU6())] if expansion > 1 else []
        layers += [normed(hidden, hidden, 3, stride, groups=hidden, act=nn.ReLU6()), normed(hidden, outputs, 1, 1)]
        self.body = nn.Sequential(*layers)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


class MobileNetV2(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        layers, inputs = [normed(3, 4, 3, 2, act=nn.ReLU6())], 4
        for expansion, outputs, blocks, stride in [(1, 4, 1, 1), (6, 6, 2, 2), (6, 8, 2, 2), (6, 12, 2, 1)]:
            for block in range(blocks):
                layers.append(InvertedResidual(inputs, outputs, stride if block == 0 else 1, expansion))
                inputs = outputs
        self.features = nn.Sequential(*layers, normed(inputs, 32, 1, 1, act=nn.ReLU6()))
        self.classify = nn.Sequential(nn.Dropout(0.2), nn.Linear(32, classes))

    def forward(self, x):
        return self.classify(self.features(x).mean([2, 3]))


class SelfAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)

    def forward(self, x, mask=None):
        def split(y):
            return y.view(y.size(0), y.size(1), self.heads, -1).permute(0, 2, 1, 3)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.size(-1))
        context = (scores if mask is None else scores + mask).softmax(-1) @ v
        context = context.permute(0, 2, 1, 3).contiguous()
        return self.out(context.view(context.size(0), context.size(1), -1))


class BertTiny(nn.Module):
    """Post-norm encoder with word, position and token-type embeddings, pooler and classifier; no padding."""

    def __init__(self, vocabulary=100, tokens=16, width=32, heads=2, layers=2, classes=4):
        super().__init__()
        self.word = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(tokens, width)
        self.kind = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(
            nn.ModuleDict({"attention": SelfAttention(width, heads), "first": nn.LayerNorm(width, eps=1e-12),
                           "up": nn.Linear(width, 4 * width), "down": nn.Linear(4 * width, width),
                           "second": nn.LayerNorm(width, eps=1e-12)}) for _ in range(layers))
        self.pooler = nn.Linear(width, width)
        self.classify = nn.Linear(width, classes)
        self.register_buffer("places", torch.arange(tokens).unsqueeze(0))

    def forward(self, ids):
        mask = (1.0 - torch.ones_like(ids)[:, None, None, :].float()) * -10000.0
        x = self.word(ids) + self.kind(torch.zeros_like(ids)) + self.position(self.places[:, : ids.size(1)])
        x = self.norm(x)
        for layer in self.layers:
            x = layer["first"](x + layer["attention"](x, mask))
            x = layer["second"](x + layer["down"](nn.functional.gelu(layer["up"](x))))
        return self.classify(torch.tanh(self.pooler(x[:, 0])))


class ViTTiny(nn.Module):
    """PyTorch's own encoder layer on patches of 8×8 with a class token: pre-norm, fused projection of q, k and v."""

    def __init__(self, width=24, heads=3, layers=2, classes=10):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 8, 8)
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.place = nn.Parameter(torch.randn(1, 17, width))
        self.first, self.second = nn.ModuleList(), nn.ModuleList()
        self.attention, self.feed = nn.ModuleList(), nn.ModuleList()
        for _ in range(layers):
            self.first.append(nn.LayerNorm(width))
            self.attention.append(nn.MultiheadAttention(width, heads, batch_first=True))
            self.second.append(nn.LayerNorm(width))
            self.feed.append(nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)))
        self.norm = nn.LayerNorm(width)
        self.classify = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.size(0), -1, -1), x], 1) + self.place
        for first, attention, second, feed in zip(self.first, self.attention, self.second, self.feed):
            y = first(x)
            x = x + attention(y, y, y, need_weights=False)[0]
            x = x + feed(second(x))
        return self.classify(self.norm(x)[:, 0])


class Lstm(nn.Module):
    def __init__(self, inputs=8, width=24, classes=5, cell=nn.LSTM):
        super().__init__()
        self.cell = cell(inputs, width, num_layers=2, batch_first=True)
        self.classify = nn.Linear(width, classes)

    def forward(self, x):
        return self.classify(self.cell(x)[0][:, -1])


class CausalTiny(nn.Module):
    """A block of a language model: causal mask, approximate GELU, SiLU gate, a mean over tokens."""

    def __init__(self, vocabulary=50, tokens=12, width=24, heads=2):
        super().__init__()
        self.word = nn.Embedding(vocabulary, width)
        self.place = nn.Parameter(torch.randn(tokens, width))
        self.norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.up, self.gate, self.down = nn.Linear(width, 48), nn.Linear(width, 48), nn.Linear(48, width)
        self.head = nn.Linear(width, vocabulary)
        self.register_buffer("mask", torch.full((tokens, tokens), -math.inf).triu(1))

    def forward(self, ids):
        x = self.word(ids) + self.place
        x = x + self.attention(self.norm(x), self.mask)
        up = self.up(x)
        wide = 0.5 * up * (1 + torch.tanh(math.sqrt(2 / math.pi) * (up + 0.044715 * up**3)))
        return self.head(x + self.down(wide * nn.functional.silu(self.gate(x))))


class Convolutions(nn.Module):
    """One dimension, dilation, transposed convolution, both pools with their options, a slice and a join."""

    def __init__(self):
        super().__init__()
        self.wave = nn.Conv1d(2, 4, 5, stride=2, padding=4, dilation=2)
        self.pool = nn.MaxPool1d(2, 2)
        self.image = nn.Conv2d(4, 6, 3, padding=1)
        self.mean = nn.AvgPool2d(3, 2, 1, count_include_pad=True)
        self.mean_inside = nn.AvgPool2d(3, 2, 1, count_include_pad=False)
        self.up = nn.ConvTranspose2d(12, 3, 2, stride=2)
        self.classify = nn.Linear(3 * 4 * 8, 6)

    def forward(self, x):
        y = torch.sigmoid(self.pool(torch.tanh(self.wave(x)))).view(-1, 4, 4, 8)
        y = self.image(y)
        y = torch.cat([self.mean(y), self.mean_inside(y)], 1)
        return self.classify(self.up(y).flatten(1)).log_softmax(1)


# ---- writing


def spread(model):
    """First weights leave norms at 1 and 0 and biases small: shake everything, so that nothing passes unseen."""
    for name, value in list(model.named_parameters()) + list(model.named_buffers()):
        if not value.is_floating_point() or name == "mask":
            continue
        if name.endswith("running_var"):
            value.data.uniform_(0.5, 1.5)
        elif value.dim() <= 1 or name.endswith("running_mean"):
            value.data.add_(torch.randn_like(value) * 0.2)
    return model.eval()


def write(name, model, x):
    file = HERE / (name + ".onnx")
    onnx.save(model, file)
    onnx.checker.check_model(str(file))
    # Unoptimised: onnxruntime 1.20 joins Pad and AveragePool and then divides by too few numbers at the edges.
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    y = session.run(None, {session.get_inputs()[0].name: x})[0]
    values = [x.astype("<f4").tobytes(), y.astype("<f4").tobytes()]
    (HERE / (name + ".f32")).write_bytes(b"".join(values))
    print(f"{name}: {file.stat().st_size} bytes, {x.shape} -> {y.shape}, |y| <= {abs(y).max():.3g}")


def write_torch(name, model, x, opset, keep_norms=False):
    file = HERE / (name + ".onnx")
    training = torch.onnx.TrainingMode.PRESERVE if keep_norms else torch.onnx.TrainingMode.EVAL
    torch.onnx.export(spread(model), x[:2], str(file), opset_version=opset, training=training, input_names=["input"],
                      output_names=["output"], dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})
    write(name, onnx.load(str(file)), x.numpy())


def tensor(name, *shape, scale=1.0):
    return numpy_helper.from_array((RANDOM.standard_normal(shape) * scale).astype("f4"), name)


def by_hand(name, nodes, initialisers, inputs, outputs, opset, x=None):
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("input", TensorProto.FLOAT, inputs)],
                              [helper.make_tensor_value_info("output", TensorProto.FLOAT, outputs)], initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="make_models.py")
    model.ir_version = 8
    if x is None:
        onnx.save(model, HERE / (name + ".onnx"))
    else:
        write(name, model, x)


torch.manual_seed(5)
RANDOM = numpy.random.default_rng(5)
write_torch("resnet18", ResNet18(), torch.randn(SAMPLES, 3, 32, 32), 11)
write_torch("mobilenet_v2", MobileNetV2(), torch.randn(SAMPLES, 3, 32, 32), 13, keep_norms=True)
write_torch("bert_tiny", BertTiny(), torch.randint(0, 100, (SAMPLES, 16)), 13)
write_torch("vit_tiny", ViTTiny(), torch.randn(SAMPLES, 3, 32, 32), 17)
write_torch("lstm", Lstm(), torch.randn(SAMPLES, 12, 8), 14)
write_torch("gru", Lstm(cell=nn.GRU), torch.randn(SAMPLES, 12, 8), 13)
write_torch("causal_tiny", CausalTiny(), torch.randint(0, 50, (SAMPLES, 12)), 12)
write_torch("convolutions", Convolutions(), torch.randn(SAMPLES, 2, 128), 16)
by_hand("gemm", [helper.make_node("Gemm", ["input", "w", "b"], ["h"], "first", alpha=0.5, beta=2.0, transB=1),
                 helper.make_node("Clip", ["h", "low", "high"], ["c"], "clip"),
                 helper.make_node("Gemm", ["c", "w2"], ["output"], "second")],
        [tensor("w", 7, 5), tensor("b", 1, 7), tensor("w2", 7, 3),
         numpy_helper.from_array(numpy.float32(0), "low"), numpy_helper.from_array(numpy.float32(6), "high")],
        ["batch", 5], ["batch", 3], 15, 4 * RANDOM.standard_normal((SAMPLES, 5)).astype("f4"))
by_hand("unsupported", [helper.make_node("Gemm", ["input", "w"], ["h"], "first"),
                        helper.make_node("DepthToSpace", ["h"], ["output"], "shuffle", blocksize=2)],
        [tensor("w", 5, 8)], ["batch", 5], ["batch", 8], 13)
