"""Which template goes into which slot of an office's sensors, decided by values alone."""

from dataclasses import replace
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from central.template_placing import Placing, place
from central.template_room import FINGERS_EACH, Held, Level, Sensor, Travelling, Worker

ONE, TWO = "R503/1536/-/3", "AS608/512/-/3"


def sensor(name: str, capacity: int = 100, of: str = ONE, **more: object) -> Sensor:
    return replace(Sensor(name, of, capacity, capacity), **more)  # type: ignore[arg-type]


def worker(name: str, of: str = ONE, *, clear: bool = True, **held: tuple[Held, ...]) -> Worker:
    """Somebody with two fingers enrolled for this class."""
    fingers = ("right-index", "left-index")
    return Worker(name, tuple(Travelling(f"{name}-{each}-{of}", each, of, clear) for each in fingers), held)


def homes(placing: Placing) -> set[tuple[str, str]]:
    return {(install.node, install.person) for install in placing.installs}


def settled(
    sensors: list[Sensor], workers: list[Worker], placing: Placing
) -> tuple[list[Sensor], list[Worker]]:
    """What stands in the books once everything of it was done."""
    spare = set(placing.spare)
    slots = {(each.node, each.template): each.slot for each in placing.installs}
    after = []
    freed: dict[str, int] = {}
    for each in workers:
        held = {name: fingers for name, fingers in each.held.items() if (name, each.id) not in spare}
        for name in {node for node, person in spare if person == each.id}:
            freed[name] = freed.get(name, 0) + len(each.held[name])
        for install in placing.installs:
            if install.person == each.id:
                fresh = Held(install.finger, install.template, copy=True)
                held[install.node] = (*held.get(install.node, ()), fresh)
        after.append(replace(each, held=held))
    full = [
        replace(
            each,
            used=max(each.used - freed.get(each.node, 0), 0),
            taken=_smaller(each.taken, freed.get(each.node, 0))
            | {slot for (node, _), slot in slots.items() if node == each.node},
        )
        for each in sensors
    ]
    return full, after


def _smaller(taken: frozenset[int], by: int) -> frozenset[int]:
    return frozenset(sorted(taken)[by:])


def test_where_everybody_fits_every_sensor_gets_both_fingers_of_everybody() -> None:
    placing = place([sensor("a"), sensor("b")], [worker(f"p{number}") for number in range(30)])
    assert len(placing.installs) == 2 * 30 * 2
    assert len(homes(placing)) == 60
    assert {load.level for load in placing.loads} == {Level.FULL}
    assert placing.unit.level is Level.FREE
    assert (placing.without_room, placing.to_enrol, placing.spare) == ((), (), ())


def test_where_not_each_gets_a_whole_home_and_the_load_is_shared() -> None:
    placing = place([sensor("a"), sensor("b")], [worker(f"p{number:02}") for number in range(40)])
    assert len(placing.installs) == 80
    assert len(homes(placing)) == 40
    assert [load.slots for load in placing.loads] == [40, 40]
    assert (placing.unit.slots, placing.unit.plan, placing.unit.level) == (80, 120, Level.FREE)


def test_a_unit_near_its_plan_and_one_beyond_it_are_told() -> None:
    two = [sensor("a"), sensor("b")]
    near = place(two, [worker(f"p{number:02}") for number in range(49)])
    assert (near.unit.level, near.without_room) == (Level.NEAR, ())
    full = place(two, [worker(f"p{number:02}") for number in range(61)])
    assert (full.unit.level, len(full.without_room)) == (Level.FULL, 1)
    assert max(load.slots for load in full.loads) <= 60


def test_strangers_in_a_sensor_leave_less_room() -> None:
    placing = place([sensor("a", used=58)], [worker("p1"), worker("p2")])
    assert len(placing.installs) == 2
    assert len(placing.without_room) == 1


def test_slots_in_use_ordered_or_found_in_use_are_not_given_away() -> None:
    busy = sensor("a", 10, taken=frozenset({9, 8}), blocked=frozenset({7}))
    placing = place([busy], [worker("p1")])
    assert sorted(install.slot for install in placing.installs) == [5, 6]


def test_a_template_that_is_not_cleared_keeps_its_place_and_stays_at_home() -> None:
    placing = place([sensor("a", 10)], [worker("p1", clear=False), worker("p2"), worker("p3"), worker("p4")])
    assert {install.person for install in placing.installs} == {"p2", "p3"}
    assert placing.without_room == ("p4",)


def test_only_sensors_of_its_class_get_a_template() -> None:
    placing = place([sensor("a"), sensor("b", of=TWO)], [worker("p1"), worker("p2", TWO)])
    assert homes(placing) == {("a", "p1"), ("b", "p2")}
    assert set(placing.to_enrol) == {("p1", "b"), ("p2", "a")}


def test_who_was_never_enrolled_is_called_to_one_sensor_of_the_class() -> None:
    placing = place([sensor("a"), sensor("b", used=10)], [Worker("p1")])
    assert placing.to_enrol == (("p1", "a"),)
    assert placing.installs == ()


def test_who_is_called_to_a_sensor_of_another_class_still_gets_the_home_that_his_templates_find() -> None:
    """n2 has room for everybody and calls them; the only template that is at hand fits the two small ones."""
    sensors = [sensor("n0", 5), sensor("n1", 5), sensor("n2", 24, TWO)]
    placing = place(sensors, [*(Worker(f"p{number}") for number in range(6)), worker("p6")])
    assert {install.person for install in placing.installs} == {"p6"}
    assert len(homes(placing)) == 1
    assert set(placing.to_enrol) == {(f"p{number}", "n2") for number in range(7)}
    assert placing.without_room == ()


def test_a_finger_that_is_there_is_not_brought_again_and_the_other_one_is() -> None:
    here = (Held("right-index", "p1-right-index-" + ONE),)
    placing = place([sensor("a", taken=frozenset({1}))], [worker("p1", a=here)])
    assert [install.finger for install in placing.installs] == ["left-index"]


def test_fingers_that_nobody_can_name_are_left_alone() -> None:
    placing = place([sensor("a", taken=frozenset({1}))], [worker("p1", a=(Held(""),))])
    assert placing.installs == ()
    assert placing.to_enrol == ()


def test_the_newer_template_comes_beside_an_outdated_one() -> None:
    here = (Held("right-index", "old", outdated=True), Held("left-index", "p1-left-index-" + ONE))
    placing = place([sensor("a", taken=frozenset({1, 2}))], [worker("p1", a=here)])
    assert [install.template for install in placing.installs] == ["p1-right-index-" + ONE]


def test_nobody_moves_because_one_person_came() -> None:
    sensors = [sensor("a"), sensor("b")]
    workers = [worker(f"p{number:02}") for number in range(40)]
    sensors, workers = settled(sensors, workers, place(sensors, workers))
    placing = place(sensors, [*workers, worker("new")])
    assert {install.person for install in placing.installs} == {"new"}
    assert len(homes(placing)) == 1
    assert placing.spare == ()


def test_a_second_home_that_no_finger_was_put_on_makes_room_and_is_the_only_one_that_does() -> None:
    sensors = [sensor("a"), sensor("b")]
    workers = [worker(f"p{number:02}") for number in range(30)]
    sensors, workers = settled(sensors, workers, place(sensors, workers))
    proven = [
        replace(
            each,
            held={name: tuple(replace(one, proven=True) for one in held) for name, held in each.held.items()},
        )
        if each.id != "p17"
        else each
        for each in workers
    ]
    placing = place(sensors, [*proven, worker("new")])
    assert [person for _, person in placing.spare] == ["p17"]
    assert (placing.installs, placing.without_room) == ((), ())


def test_whose_fingers_are_all_there_is_not_without_room_where_the_plan_is_exceeded() -> None:
    fingers = ("right-index", "left-index")
    held = {"a": tuple(Held(each, f"p1-{each}-{ONE}", proven=True) for each in fingers)}
    placing = place([sensor("a", used=70)], [replace(worker("p1"), held=held), worker("p2")])
    assert placing.without_room == ("p2",)


def test_slots_that_are_being_emptied_are_waited_for() -> None:
    full = frozenset(range(60))
    held = {"a": (Held("right-index", "x", copy=True),), "b": (Held("right-index", "x"),)}
    workers = [Worker("p1", (), held), worker("new")]
    placing = place([sensor("a", taken=full, leaving=2), sensor("b", taken=full)], workers)
    assert (placing.spare, placing.installs, placing.without_room) == ((), (), ())


def test_where_somebody_was_enrolled_is_never_given_up_for_another() -> None:
    full = frozenset(range(60))
    held = {name: (Held("right-index", f"x{name}"), Held("left-index", f"y{name}")) for name in "ab"}
    placing = place(
        [sensor("a", taken=full), sensor("b", taken=full)], [Worker("p1", (), held), worker("new")]
    )
    assert (placing.spare, placing.without_room) == ((), ("new",))


@st.composite
def offices(draw: st.DrawFn) -> tuple[list[Sensor], list[Worker]]:
    """An office that was planned once before, and has changed a little since."""
    classes = st.sampled_from((ONE, TWO))
    sensors = [
        sensor(
            f"n{number}",
            draw(st.integers(5, 40)),
            draw(classes),
            used=draw(st.integers(0, 6)),
            blocked=frozenset(draw(st.sets(st.integers(0, 39), max_size=3))),
        )
        for number in range(draw(st.integers(1, 4)))
    ]
    names = count()
    workers = [_anybody(draw, next(names)) for _ in range(draw(st.integers(0, 20)))]
    if draw(st.booleans()):
        sensors, workers = settled(sensors, workers, place(sensors, workers))
        workers += [_anybody(draw, next(names)) for _ in range(draw(st.integers(0, 3)))]
    return sensors, workers


def _anybody(draw: st.DrawFn, number: int) -> Worker:
    of = draw(st.sampled_from((ONE, TWO, "")))
    return worker(f"p{number}", of, clear=draw(st.booleans())) if of else Worker(f"p{number}")


@settings(max_examples=150, deadline=None)
@given(offices())
def test_no_plan_is_exceeded_no_slot_given_twice_and_no_class_mixed(
    office: tuple[list[Sensor], list[Worker]],
) -> None:
    sensors, workers = office
    placing = place(sensors, workers)
    by_name = {each.node: each for each in sensors}
    templates = {one.id: one for each in workers for one in each.templates}
    for load in placing.loads:
        assert load.slots <= max(by_name[load.name].plan, by_name[load.name].load)
    given_away = [(install.node, install.slot) for install in placing.installs]
    assert len(set(given_away)) == len(given_away)
    for install in placing.installs:
        target = by_name[install.node]
        assert install.slot not in target.taken | target.blocked
        assert 0 <= install.slot < target.usable
        assert templates[install.template].clear
        assert templates[install.template].model_class == target.model_class


@settings(max_examples=150, deadline=None)
@given(offices())
def test_everybody_has_a_whole_home_or_is_called_or_is_named(
    office: tuple[list[Sensor], list[Worker]],
) -> None:
    sensors, workers = office
    placing = place(sensors, workers)
    after_sensors, after = settled(sensors, workers, placing)
    called = {person for person, _ in placing.to_enrol}
    waiting = {each.id for each in workers if any(not one.clear for one in each.templates)}
    makes_room = bool(placing.spare) or any(each.leaving for each in sensors)
    for each in after:
        if each.id in called | waiting | set(placing.without_room) or makes_room:
            continue
        assert any(each.held.get(one.node) and not each.missing_at(one) for one in after_sensors), each


@settings(max_examples=150, deadline=None)
@given(offices())
def test_what_was_done_is_not_decided_again(office: tuple[list[Sensor], list[Worker]]) -> None:
    sensors, workers = office
    for _ in range(4):
        placing = place(sensors, workers)
        sensors, workers = settled(sensors, workers, placing)
    again = place(sensors, workers)
    assert again.installs == ()
    assert again.spare == ()


@settings(max_examples=150, deadline=None)
@given(offices())
def test_a_newcomer_takes_no_home_and_at_most_the_second_homes_that_he_needs(
    office: tuple[list[Sensor], list[Worker]],
) -> None:
    sensors, workers = office
    for _ in range(4):
        placing = place(sensors, workers)
        sensors, workers = settled(sensors, workers, placing)
    placing = place(sensors, [*workers, worker("new")])
    assert {install.person for install in placing.installs} <= {"new"}
    gone = set(placing.spare)
    assert len(gone) <= FINGERS_EACH
    for each in workers:
        lost = {node for node, person in gone if person == each.id}
        assert not lost or set(each.held) - lost, "somebody lost the only home"
