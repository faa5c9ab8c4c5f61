"""fringe_mesh.pyi says what the module has: every name, every signature as pybind11 writes it, every keyword."""

import ast
import functools
import pathlib
import re
import unittest

from module_testing import fm

PYTHON = pathlib.Path(__file__).resolve().parent.parent.parent / "python"
NO_SUCH = "z" * 80  # near no name, so a refusal lists them all
SPECIAL = {"__init__", "__matmul__"}
# Words for a value of the wrong type, and such a value.
WRONG = {"int": (2.5, "takes a whole number"), "float": ("x", "takes a number"), "str": (1, "takes a string"),
         "Mapping[str, object]": (1, "is a table")}


def plain(text, given):
    """A type of pybind11 as the stub writes it; `given`: of an argument."""
    text = re.sub(r"\b(fringe_mesh|typing|collections\.abc)\.", "", text)
    for old, new in (("List", "list"), ("Tuple", "tuple"), ("Dict", "dict")):
        text = re.sub(rf"\b{old}\b", new, text)
    text = re.sub(r"^Optional\[(.*)\]$", r"\1 | None", text)
    if given:
        text = re.sub(r"numpy\.ndarray\[.*?\]|\bobject\b", "ArrayLike", text)
        return re.sub(r"^list\b", "Sequence", text)
    return re.sub(r"numpy\.ndarray\[numpy\.(\w+)\]", r"NDArray[np.\1]", text)


class Signature:
    def __init__(self, node, translate=lambda text, given: text):
        a = node.args
        assert not a.posonlyargs and a.vararg is None
        defaults = [None] * (len(a.args) - len(a.defaults)) + a.defaults
        self.arguments, self.keywords = [], {}
        for kind, arguments, values in (("", a.args, defaults), ("keyword", a.kwonlyargs, a.kw_defaults)):
            for argument, value in zip(arguments, values):
                kept = None if value is None else ast.unparse(value)
                annotation = argument.annotation and translate(ast.unparse(argument.annotation), True)
                if kept == "...":  # one of those that **kwargs takes
                    self.keywords[argument.arg] = annotation
                else:
                    self.arguments.append((kind, argument.arg, kept, annotation))
        self.any_keyword = a.kwarg is not None
        self.returns = translate(ast.unparse(node.returns), False)


def of_pybind(function):
    text = function.__doc__.split("\n")[0]  # of a property's getter without a name
    return Signature(ast.parse(f"def {'getter' if text.startswith('(') else ''}{text}: ...").body[0], plain)


def without_self(signature):
    first, *rest = signature.arguments
    assert first[1] in ("self", "arg0"), first
    signature.arguments = rest
    return signature


class Stub(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        tree = ast.parse((PYTHON / "fringe_mesh.pyi").read_text(encoding="utf-8"))
        self.functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}

    def compare(self, mine, theirs, name):
        self.assertEqual(mine.arguments, theirs.arguments, name)
        self.assertEqual(mine.returns, theirs.returns, name)
        self.assertEqual(bool(mine.keywords), theirs.any_keyword, name)

    def test_names_of_the_module(self):
        public = {name for name in vars(fm) if not name.startswith("_")}
        self.assertEqual(public, self.functions.keys() | self.classes.keys())

    def test_functions(self):
        for name, node in self.functions.items():
            self.compare(Signature(node), of_pybind(getattr(fm, name)), name)

    def test_classes(self):
        for name, node in self.classes.items():
            theirs = {key: value for key, value in vars(getattr(fm, name)).items()
                      if not key.startswith("_") or (key in SPECIAL and not issubclass(getattr(fm, name), Exception))}
            mine = {member.name: member for member in node.body if isinstance(member, ast.FunctionDef)}
            if "__init__" not in mine:  # made by others
                theirs.pop("__init__", None)
                with self.assertRaises(TypeError):
                    if not issubclass(getattr(fm, name), Exception):
                        getattr(fm, name)()
                    raise TypeError
            self.assertEqual(mine.keys(), theirs.keys(), name)
            for key, member in mine.items():
                where, decorators = f"{name}.{key}", [ast.unparse(d) for d in member.decorator_list]
                if decorators == ["property"]:
                    self.assertIsInstance(theirs[key], property, where)
                    self.compare(without_self(Signature(member)), without_self(of_pybind(theirs[key].fget)), where)
                elif decorators == ["staticmethod"]:
                    self.assertIsInstance(theirs[key], staticmethod, where)
                    self.compare(Signature(member), of_pybind(theirs[key].__func__), where)
                else:
                    self.compare(without_self(Signature(member)), without_self(of_pybind(theirs[key])), where)

    def test_keywords(self):
        mesh = fm.Mesh(4)
        trials = functools.partial(mesh.trials, mesh.decompose(fm.haar_unitary(4)), 1)
        for call, where in ((fm.Accelerator, ("Accelerator", "__init__")), (mesh.fabricate, ("Mesh", "fabricate")),
                            (trials, ("Mesh", "trials"))):
            node = next(m for m in self.classes[where[0]].body if getattr(m, "name", "") == where[1])
            keywords = Signature(node).keywords
            with self.assertRaises(ValueError) as caught:
                call(**{NO_SUCH: 1})
            valid = set(str(caught.exception).split("valid names: ")[1].split())
            self.assertEqual(keywords.keys(), valid - {"preset"}, where)
            for keyword, annotation in keywords.items():
                value, says = WRONG[annotation]
                with self.assertRaises(ValueError, msg=keyword) as caught:
                    call(**{keyword: value})
                self.assertRegex(str(caught.exception), says.replace("a number", "a (whole )?number"), keyword)

    def test_everything_is_explained(self):
        for name in self.functions.keys() | self.classes.keys():
            thing = getattr(fm, name)
            self.assertTrue(thing.__doc__, name)
            if not isinstance(thing, type):
                self.assertGreater(len(thing.__doc__.strip().split("\n")), 1, name)
                continue
            for key, member in vars(thing).items():
                if key.startswith("_"):
                    continue
                if isinstance(member, property):
                    self.assertTrue(member.__doc__, f"{name}.{key}")
                else:
                    function = member.__func__ if isinstance(member, staticmethod) else member
                    self.assertGreater(len(function.__doc__.strip().split("\n")), 1, f"{name}.{key}")


class Readme(unittest.TestCase):
    def test_what_it_shows_runs(self):
        import numpy as np

        rng = np.random.default_rng(0)
        blocks = re.findall(r"^```python\n(.*?)^```$", (PYTHON / "README.md").read_text(encoding="utf-8"), re.M | re.S)
        blocks = [block for block in blocks if "fm." in block]
        self.assertGreaterEqual(len(blocks), 2)
        x = rng.normal(size=(16, 8))
        names = {"np": np, "x": x, "wanted": 0.5 * x, "weights": rng.normal(size=(40, 16))}
        for block in blocks:
            exec(block, names)


if __name__ == "__main__":
    unittest.main()
