"""The code behind a run: a short Keras script, or the same as a notebook, that trains the same network elsewhere.

It holds the very text of the network's file in models/, and for `quick` that of `core/training/whitening.py`. Knows
nothing of pages; nothing is run here.
"""

import ast
import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from textwrap import fill
from types import ModuleType
from typing import Any

from core.data import dataset
from core.runs.schema import Run, Status
from core.training import whitening
from core.training.plan import SHIFT, Plan
from core.words import escaped, line
from models.catalogue import OWN, Recipe
from models.own_network import checked

WIDTH = 110  # characters in a line of words
LOAD = '''
FOLDER = os.environ.get("FITTING_ROOM_DATA", "")  # a folder with the idx or CSV files; "" lets Keras fetch them


def idx(name, skip):
    """The numbers of an idx file, packed or plain, without its first bytes."""
    path = os.path.join(FOLDER, name)
    with gzip.open(f"{path}.gz") if os.path.exists(f"{path}.gz") else open(path, "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=skip)


def table(part):
    """Pictures and labels of a CSV file: label, then 784 pixels."""
    rows = np.loadtxt(os.path.join(FOLDER, f"fashion-mnist_{part}.csv"), np.uint8, delimiter=",", skiprows=1)
    return rows[:, 1:].reshape(-1, 28, 28), rows[:, 0]


if not FOLDER:
    (train_images, train_labels), (test_images, test_labels) = keras.datasets.fashion_mnist.load_data()
elif any(name.startswith("train-images") for name in os.listdir(FOLDER)):
    train_images = idx("train-images-idx3-ubyte", 16).reshape(-1, 28, 28)
    train_labels = idx("train-labels-idx1-ubyte", 8)
    test_images, test_labels = idx("t10k-images-idx3-ubyte", 16).reshape(-1, 28, 28), idx("t10k-labels-idx1-ubyte", 8)
else:
    (train_images, train_labels), (test_images, test_labels) = table("train"), table("test")
'''
TEST = """
outputs = network.predict(test_images[..., np.newaxis] / np.float32({scale:g}), batch_size=500, verbose=0)  # (n, 10)
shares = outputs / outputs.sum(axis=1, keepdims=True)  # {shares}
accuracy = np.mean(shares.argmax(axis=1) == test_labels)
loss = -np.log(np.clip(shares[np.arange(len(test_labels)), test_labels], 1e-7, 1)).mean()
print(f"test accuracy {{accuracy:.4f}}, test loss {{loss:.4f}}")
"""


@dataclass(frozen=True)
class Part:
    """One step: what it is, in words, and its code."""

    words: str
    code: str


def of_run(run: Run) -> tuple[str, str]:
    """Script and notebook of a stored run, naming what it learned from and scored."""
    figures = ""
    if run.scored:
        remark = ", trained on from another run" if run.parent else ""
        if run.status == Status.STOPPED:
            remark = ", but it was stopped early"
        figures = f"test accuracy {run.test_accuracy:.4f}, test loss {run.test_loss:.4f}{remark}"
    plan = run.plan
    return script(plan, run.data_title, figures), notebook(plan, run.data_title, figures)


def script(plan: Plan, pictures: str = "", figures: str = "") -> str:
    """A Python script that does what a run of this plan does and prints the same figures.

    `pictures` says which clothes the run learned from, `figures` what it scored, both for the reader's eyes only.
    """
    quoted = [text.replace("\\", "/").replace('"', "'") for text in _title(plan, line(pictures), figures)]
    steps = ['"""' + "\n".join(fill(text, WIDTH) for text in quoted) + '\n"""']
    for number, part in enumerate(_parts(plan), 1):
        code = part.code.strip()
        gap = "\n\n\n" if code.startswith(("def ", "@")) else "\n\n"
        steps.append(f"# {number}. {part.words}{gap}{code}")
    return "\n\n\n".join(steps) + "\n"


def notebook(plan: Plan, pictures: str = "", figures: str = "") -> str:
    """The same as a Jupyter notebook (.ipynb, nbformat 4.5): one cell of words and one of code for each step."""
    cells = [_cell("markdown", "title", "# " + "\n".join(_title(plan, escaped(pictures), figures)))]
    for number, part in enumerate(_parts(plan), 1):
        cells.append(_cell("markdown", f"words-{number}", f"**{number}. {part.words}**"))
        cells.append(_cell("code", f"code-{number}", part.code.strip()))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    book = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, ensure_ascii=False, indent=1) + "\n"


def _cell(kind: str, name: str, text: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "id": name, "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell | {"execution_count": None, "outputs": []} if kind == "code" else cell


def _title(plan: Plan, pictures: str, figures: str) -> list[str]:
    recipe = plan.row
    variant = next(
        (f", {row.title[0].lower()}{row.title[1:]}" for row in recipe.variants if row.name == plan.variant), ""
    )
    lines = [f"{recipe.title}{variant}: a network that tells ten kinds of clothes apart.", ""]
    lines.append(f"From {recipe.source}. {recipe.oddity}".strip())
    if pictures:
        lines.append(f"The run learned from: {pictures}. Other pictures, or another order of them, give other figures.")
    if figures:
        lines.append(f"In the app it scored: {figures}.")
    lines.append("Needs: pip install tensorflow scikit-learn")
    return lines


def _parts(plan: Plan) -> Iterator[Part]:
    recipe = plan.row
    yield Part("Libraries, and the choices of this run.", _choices(plan))
    yield Part("The clothes: 28 x 28 grey values from 0 (background) to 255, and a label from 0 to 9.", LOAD)
    if not plan.loads:
        yield Part(
            f"The pictures to learn from{' and those held back to check on' if recipe.validation else ''}.",
            _selection(plan, recipe),
        )
    origin = "layer by layer" if plan.recipe == OWN else f"as in {recipe.module.replace('.', '/')}.py"
    yield Part(f"The network, {origin}.", _network(plan, recipe))
    if not plan.loads:
        if recipe.on_patches:
            yield Part(
                "A shortcut: a convolution is a small dense layer laid over patches. Whiten them first.",
                _whitened_patches(),
            )
        if plan.augment or plan.dropout:
            yield Part("For training only: what is changed in the pictures, and what is left out.", _augmentation(plan))
        yield Part("What goes in, and what should come out.", _inputs(recipe))
        yield Part("Loss and optimiser: how wrong it is, and how it is corrected.", _compilation(plan, recipe))
        yield Part(
            "Training. Each epoch looks at all the pictures once, in an order of its own.", _training(plan, recipe)
        )
        if recipe.on_patches:
            yield Part("Put what was learned on patches into the plain network.", "network = fold(learner, network)")
    shares = "sigmoids need not add up to 1: scale them" if recipe.sigmoid else "they add up to 1 already"
    yield Part("The test: pictures it has never seen.", TEST.format(scale=recipe.test_scale, shares=shares))
    if not plan.loads:
        yield Part("Keep what it learned.", f'network.save_weights("{recipe.name}.weights.h5")')


def _choices(plan: Plan) -> str:
    lines = ["import gzip", "import os"]
    if plan.row.on_patches and not plan.loads:
        lines.append("from dataclasses import dataclass")
    lines += ["", "import keras", "import numpy as np", "import tensorflow as tf"]
    if plan.row.validation and not plan.loads:
        lines.append("from sklearn.model_selection import train_test_split")
    lines += ["", f"SEED = {plan.seed}  # every random choice begins here"]
    if not plan.loads:
        lines += [
            f"EPOCHS = {plan.epochs}",
            f"BATCH_SIZE = {plan.batch_size}",
            f"LEARNING_RATE = {plan.learning_rate!r}",
        ]
        lines += [f"PATIENCE = {plan.patience}  # epochs without a better one before it stops"] if plan.patience else []
    lines.append(
        "tf.config.threading.set_intra_op_parallelism_threads(1)  # each sum is added up by one thread, as in the app"
    )
    return "\n".join(lines)


def _selection(plan: Plan, recipe: Recipe) -> str:
    """The rows to train on, `learn`, and those held back, `check`."""
    if plan.examples is None:
        code = "chosen = np.arange(len(train_labels))  # all of them"
    else:
        code = f"{inspect.getsource(dataset.fair_share)}\n\nchosen = fair_share(train_labels, {plan.examples}, SEED)"
    if recipe.validation:
        split = (
            f"train_test_split(np.arange(len(chosen)), test_size={recipe.validation:g},"
            f" random_state={recipe.validation_seed})"
        )
        code += f"\nlearn, check = {split}\nlearn, check = chosen[learn], chosen[check]"
    else:
        code += "\nlearn = chosen"
    return code


def _network(plan: Plan, recipe: Recipe) -> str:
    own = plan.recipe == OWN
    arguments = "" if own else ", ".join(f"{name}={value!r}" for name, value in recipe.arguments.items())
    text = _own_network(plan) if own else _body(import_module(recipe.module))
    code = f"{text}\n\n\nkeras.utils.set_random_seed(SEED)\n"
    load = f'network.load_weights("{recipe.name}.weights.h5")\n' if plan.loads else ""
    return f"{code}network = build({arguments})\n{load}network.summary()"


def _own_network(plan: Plan) -> str:
    """The function that builds a network from its list of layers, as if written by hand; beside each layer stands the
    shape of what it gives."""
    rows = "\n".join(f"            layers.{layer.code},  # {layer.shape}" for layer in checked(plan.layers or ()))
    return f"""def build():
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
{rows}
        ],
        name="own_network",
    )"""


def _whitened_patches() -> str:
    use = (
        f"learner = whitened(build_on_patches({whitening.COMPONENTS}), whiten(train_images[learn]))  # worked out from"
        " these pictures only"
    )
    return f"{_body(whitening)}\n\n\n{use}"


def _learner(plan: Plan) -> str:
    """The name of what is trained: the network itself, or another one that is made for training."""
    return "learner" if plan.row.on_patches or plan.augment or plan.dropout else "network"


def _augmentation(plan: Plan) -> str:
    """The network that is trained: the plain one with random changes before it, and dropout before its last layer."""
    flip = 'keras.layers.RandomFlip("horizontal"), '
    move = f'keras.layers.RandomTranslation({SHIFT}, {SHIFT}, fill_mode="constant"), '
    before = {"": "", "mirror": flip, "shift": move, "both": flip + move}[plan.augment]
    left_out = f"keras.layers.Dropout({plan.dropout:g}), " if plan.dropout else ""
    return (
        f"*most, last = {'learner' if plan.row.on_patches else 'network'}.layers  # shared: what one learns, the other"
        f" knows\nlearner = keras.Sequential([keras.Input((28, 28, 1)), {before}*most, {left_out}last])"
    )


def _inputs(recipe: Recipe) -> str:
    if recipe.train_scale == 1:
        prepare = "train_images[rows, ..., np.newaxis].astype(np.float32)"
    else:
        prepare = f"train_images[rows, ..., np.newaxis] / np.float32({recipe.train_scale:g})"
    answers = (
        "keras.utils.to_categorical(train_labels[rows], 10)"
        if recipe.one_hot
        else "train_labels[rows].astype(np.int32)"
    )
    code = f"def lesson(rows):\n    return {prepare}, {answers}\n\n\nfeatures, labels = lesson(learn)"
    return f"{code}\nvalidation = lesson(check)" if recipe.validation else code


def _schedule(kind: str) -> str:
    """The code that makes `schedule`, a learning rate that changes; none for one that stays the same."""
    if kind == "constant":
        return ""
    code = "steps = -(-len(learn) // BATCH_SIZE) * EPOCHS\n"
    if kind == "warm-up":
        code += (
            "warm_up = max(1, round(0.125 * steps))  # the corrections grow, then shrink\n"
            'rates = {"warmup_target": LEARNING_RATE, "warmup_steps": warm_up}\n'
            "schedule = keras.optimizers.schedules.CosineDecay(0.0, max(1, steps - warm_up), 0.01, **rates)\n"
        )
    elif kind == "cosine":
        code += (
            "schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps, 0.01)  # the corrections shrink\n"
        )
    elif kind == "steps":
        code += (
            "rates = [LEARNING_RATE, LEARNING_RATE / 10, LEARNING_RATE / 100]  # the corrections shrink twice\n"
            "schedule = keras.optimizers.schedules.PiecewiseConstantDecay([steps // 2, steps * 3 // 4], rates)\n"
        )
    return code


def _compilation(plan: Plan, recipe: Recipe) -> str:
    kind = plan.schedule or ("warm-up" if recipe.optimiser == "adamw" else "constant")
    code = _schedule(kind)
    rate = "LEARNING_RATE" if kind == "constant" else "schedule"
    if recipe.optimiser == "adamw":
        optimiser = f"keras.optimizers.AdamW({rate}, weight_decay=0.1, epsilon={recipe.epsilon!r})"
    elif recipe.optimiser == "adam":
        optimiser = f"keras.optimizers.Adam({rate}, epsilon={recipe.epsilon!r})"
    else:
        optimiser = f"keras.optimizers.RMSprop({rate})"
    loss = '"categorical_crossentropy"' if recipe.one_hot else '"sparse_categorical_crossentropy"'
    if recipe.sigmoid:
        code += (
            'def loss_of_shares(labels, outputs):\n    """-log(output for the truth / sum of all ten). Of a copy: Keras'
            ' would use the numbers behind the sigmoids instead."""\n    return'
            " keras.losses.sparse_categorical_crossentropy(labels, tf.identity(outputs))\n\n\n"
        )
        loss = "loss_of_shares"
    return f'{code}optimiser = {optimiser}\n{_learner(plan)}.compile(optimiser, {loss}, metrics=["accuracy"])'


def _training(plan: Plan, recipe: Recipe) -> str:
    learner = _learner(plan)
    held_back = ", validation_data=validation" if recipe.validation else ""
    code = (
        "for epoch in range(EPOCHS):\n"
        "    order = np.random.default_rng([SEED, epoch]).permutation(len(learn))\n"
        f"    epochs = {learner}.fit(features[order], labels[order], BATCH_SIZE, shuffle=False, verbose=0{held_back})\n"
        '    figures = ", ".join(f"{name} {values[0]:.4f}" for name, values in epochs.history.items())\n'
        '    print(f"epoch {epoch + 1} of {EPOCHS}: {figures}")'
    )
    if not plan.patience:
        return code
    return (
        f'best_loss, best_epoch = float("inf"), 0\n{code}\n'
        '    if epochs.history["val_loss"][0] < best_loss:\n'
        f'        best_loss, best_epoch, best = epochs.history["val_loss"][0], epoch + 1, {learner}.get_weights()\n'
        "    elif epoch + 1 - best_epoch >= PATIENCE:\n"
        "        break\n"
        f"{learner}.set_weights(best)  # back to the best epoch"
    )


def _body(module: ModuleType) -> str:
    """The text of a module without its docstring and the imports at its top, those for types too."""
    text = inspect.getsource(module)
    top = ast.Expr | ast.Import | ast.ImportFrom | ast.If
    first = next(node for node in ast.parse(text).body if not isinstance(node, top))
    begin = min([first.lineno, *(mark.lineno for mark in getattr(first, "decorator_list", []))])
    return "\n".join(text.splitlines()[begin - 1 :]).strip()
