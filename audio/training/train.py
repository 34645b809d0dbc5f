#!/usr/bin/env python3
"""Fits the weights of the classic and the neural detector: train.py {neural,classic} TRAINING VALIDATION OUTPUT

TRAINING and VALIDATION are written by make_scenes; OUTPUT is the C++ header of the weights. One thread, so that the same
processor kind and the same Debian release give the same weights.
"""

import argparse
import base64
import math
import sys

import numpy
import torch

NEURAL, CLASSIC = 66, 28
SCENE = 1000
LOOK_AHEADS = 6
# Subtracted from the outputs' log odds, so that 0.5 of the detector is surer speech: 0.57 of the network's, 0.62 of the
# classic detector's. Chosen by vad_turns_test: coughs, knocks and breaths open fewer turns, and one or two short words more are
# missed.
CAUTION = {"neural": 0.3, "classic": 0.5}
BCE = torch.nn.functional.binary_cross_entropy_with_logits


def load(path, first, count):
    """Returns (inputs [scene, frame, input], labels [scene, frame])."""
    data = numpy.memmap(path, numpy.float32, "r").reshape(-1, SCENE, NEURAL + CLASSIC + 1)
    inputs = torch.empty(len(data), SCENE, count)
    labels = torch.empty(len(data), SCENE)
    for i, scene in enumerate(data):
        inputs[i] = torch.from_numpy(numpy.array(scene[:, first:first + count]))
        labels[i] = torch.from_numpy(numpy.array(scene[:, -1]))
    return inputs, labels


def area(scores, labels):
    """Area under the ROC curve."""
    order = torch.argsort(scores.flatten())
    positive = labels.flatten()[order] > 0
    ranks = torch.arange(1, len(order) + 1, dtype=torch.float64)[positive].sum()
    count = positive.sum().item()
    return ((ranks - count * (count + 1) / 2) / (count * (len(order) - count))).item()


def rate(step, steps, greatest):
    """A short warm-up, then half a cosine."""
    return greatest * min(1, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * step / steps)) + 1e-5


class Neural(torch.nn.Module):
    """Three frames of inputs, rectified units, recurrent ones, an output for each look-ahead."""

    def __init__(self, hidden, units):
        super().__init__()
        self.input = torch.nn.Conv1d(NEURAL, hidden, 3)
        self.recurrent = torch.nn.GRU(hidden, units)
        self.output = torch.nn.Linear(units, LOOK_AHEADS)

    def forward(self, inputs):
        """[scene, frame, input] to [frame, scene, look-ahead]."""
        context = torch.nn.functional.pad(inputs.transpose(1, 2), (2, 0))
        hidden = torch.relu(self.input(context)).permute(2, 0, 1)
        return self.output(self.recurrent(hidden)[0])


class Classic(torch.nn.Module):
    """Leaky integrators of tanh units of the inputs."""

    def __init__(self, num_units):
        super().__init__()
        self.input = torch.nn.Linear(CLASSIC, num_units)
        self.decay = torch.nn.Parameter(torch.linspace(0, 4, num_units))
        self.output = torch.nn.Linear(num_units, 1)

    def forward(self, inputs):
        """[scene, frame, input] to [scene, frame]."""
        units = torch.tanh(self.input(inputs))
        decay = torch.sigmoid(self.decay)[:, None, None]
        ages = torch.arange(inputs.shape[1])
        ages = (ages[:, None] - ages[None, :])[None]
        response = torch.where(ages >= 0, (1 - decay) * decay ** ages.clamp(min=0).float(), torch.zeros(()))
        return self.output(torch.einsum("hts,bsh->bth", response, units))[..., 0]


def fit_neural(model, inputs, labels, steps, frames=250, batch=128):
    """Learns from pieces of scenes, under random coloration."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=3e-2)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, 4e-3)
        chosen = torch.randint(0, len(inputs), (batch,))
        # Every fourth begins where the scene does: what a stream's first frames are like.
        begin = int(torch.randint(0, SCENE - frames + 1, (1,))) if step % 4 else 0
        heard = inputs[chosen, begin:begin + frames] + 0.3 * torch.randn(batch, 1, NEURAL)
        truth = labels[chosen, begin:begin + frames].t()
        logits = model(heard)
        # What is taken for speech where nobody speaks counts twice.
        weight = 2 - labels[chosen].amax(1)
        loss = sum(BCE(logits[late:, :, late], truth[:frames - late], weight.expand(frames - late, -1))
                   for late in range(LOOK_AHEADS)) / LOOK_AHEADS
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 250 == 249:
            print(f"neural, step {step + 1} of {steps}: loss {loss.item():.4f}", file=sys.stderr, flush=True)


def fit_classic(inputs, labels, steps, frames=600, batch=64):
    """The same, with less to learn."""
    model = Classic(5)
    optimizer = torch.optim.Adam(model.parameters())
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, 0.02)
        chosen = torch.randint(0, len(inputs), (batch,))
        loss = BCE(model(inputs[chosen, :frames]), labels[chosen, :frames])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 250 == 249:
            print(f"classic, step {step + 1} of {steps}: loss {loss.item():.4f}", file=sys.stderr, flush=True)
    return model


def array(kind, name, values, digits=0):
    """A C++ array, in lines of at most 120 characters."""
    lines = []
    line = ""
    for value in values:
        text = f"{value:.{digits}g}," if digits else f"{int(value)},"
        if digits and "." not in text and "e" not in text:
            text = text[:-1] + ".0,"
        if digits:
            text = text[:-1] + "F,"
        if len(line) + len(text) > 120:
            lines.append(line)
            line = ""
        line += text
    lines.append(line)
    return f"inline constexpr {kind} {name}[] = {{\n" + "\n".join(lines) + "\n};\n"


def text(name, data):
    """Bytes as a C++ string in base64, in lines of at most 120 characters."""
    encoded = base64.b64encode(data).decode("ascii")
    lines = [f'    "{encoded[i:i + 114]}"' for i in range(0, len(encoded), 114)]
    return f"inline constexpr char {name}[] =\n" + "\n".join(lines) + ";\n"


def quantized(name, matrix, bias):
    """Rows of 8 bits with a scale each; changes the matrix to what is left of it."""
    with torch.no_grad():
        scales = matrix.abs().amax(1).clamp(min=1e-6) / 127
        whole = torch.round(matrix / scales[:, None]).clamp(-127, 127)
        matrix.copy_(whole * scales[:, None])
    return (text(name, whole.to(torch.int8).numpy().tobytes()) + array("float", name + "Scales", scales.tolist(), 7) +
            array("float", name + "Bias", bias.tolist(), 7))


def header(guard, namespace, includes, body):
    """The file."""
    guard = f"AUDIO_VAD_{guard}_H_"
    return (f"// Written by audio/training/train.\n#ifndef {guard}\n#define {guard}\n\n{includes}"
            f"namespace parlance::audio::{namespace} {{\n\n// clang-format off\n{body}// clang-format on\n\n"
            f"}}  // namespace parlance::audio::{namespace}\n\n#endif  // {guard}\n")


def write_neural(model):
    """The header; the model becomes what the header says."""
    # [output, input, age] to [output, age, input], the oldest first.
    hidden = model.input.out_channels
    context = model.input.weight.detach().permute(0, 2, 1).reshape(hidden, 3 * NEURAL).contiguous()
    body = quantized("kInput", context, model.input.bias)
    with torch.no_grad():
        model.input.weight.copy_(context.reshape(hidden, 3, NEURAL).permute(0, 2, 1))
    body += quantized("kInputGates", model.recurrent.weight_ih_l0, model.recurrent.bias_ih_l0)
    body += quantized("kHiddenGates", model.recurrent.weight_hh_l0, model.recurrent.bias_hh_l0)
    with torch.no_grad():
        model.output.bias -= CAUTION["neural"]
    body += quantized("kOutput", model.output.weight, model.output.bias)
    return header("NEURAL_VAD_WEIGHTS", "neural_vad_weights", "#include <cstdint>\n\n", body)


def write_classic(model):
    """The header."""
    body = array("float", "kInput", model.input.weight.flatten().tolist(), 7)
    body += array("float", "kBias", model.input.bias.tolist(), 7)
    body += array("float", "kDecay", torch.sigmoid(model.decay).tolist(), 7)
    body += array("float", "kOutput", model.output.weight[0].tolist(), 7)
    body += f"inline constexpr float kOutputBias = {model.output.bias.item() - CAUTION['classic']:.7g}F;\n"
    return header("CLASSIC_VAD_WEIGHTS", "classic_vad_weights", "", body)


def main():
    """Fits one of them, says how well it does on what it has not heard, and writes it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("detector", choices=["neural", "classic"])
    parser.add_argument("training")
    parser.add_argument("validation")
    parser.add_argument("output")
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--hidden", type=int, default=48, help="rectified units of the neural detector")
    parser.add_argument("--units", type=int, default=128, help="recurrent units of the neural detector")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(1)
    first, count = (0, NEURAL) if arguments.detector == "neural" else (NEURAL, CLASSIC)
    inputs, labels = load(arguments.training, first, count)
    heard, truth = load(arguments.validation, first, count)
    if arguments.detector == "neural":
        model = Neural(arguments.hidden, arguments.units)
        fit_neural(model, inputs, labels, arguments.steps)
        text = write_neural(model)
        with torch.no_grad():
            logits = model(heard)
        for late in range(LOOK_AHEADS):
            print(f"neural, look-ahead {10 * late} ms: area under the ROC curve of the validation's scenes "
                  f"{area(logits[late:, :, late], truth[:, :SCENE - late].t()):.4f}")
    else:
        model = fit_classic(inputs, labels, arguments.steps)
        text = write_classic(model)
        with torch.no_grad():
            print(f"classic: area under the ROC curve of the validation's scenes {area(model(heard), truth):.4f}")
    with open(arguments.output, "w", encoding="ascii") as file:
        file.write(text)


if __name__ == "__main__":
    main()
