import torch

from bench.core.rng import seed_of, stream, streams


def draw(rng: torch.Generator) -> list[float]:
    return torch.randn(4, generator=rng).tolist()


def test_equal_names_draw_alike_and_others_do_not() -> None:
    assert draw(stream("noise", 1)) == draw(stream("noise", 1))
    assert (
        len({tuple(draw(stream(*names))) for names in (("noise", 1), ("noise", 2), ("noise", "1"), ("noise1",))}) == 4
    )


def test_streams_go_by_number_wherever_they_start() -> None:
    whole = [draw(rng) for rng in streams("x", first=0, count=5)]
    assert [draw(rng) for rng in streams("x", first=3, count=2)] == whole[3:]
    assert len({tuple(values) for values in whole}) == 5


def test_a_stream_leaves_the_global_one_alone() -> None:
    before = torch.random.get_rng_state()
    draw(stream("x"))
    assert torch.equal(before, torch.random.get_rng_state())


def test_seeds_are_stable() -> None:
    assert seed_of("test noise", "mnist", 0) == 767580661
