from dagster_project import console


def test_progress_in_a_pipe_is_a_line_at_the_start_and_at_each_tenth() -> None:
    with console.err.capture() as captured, console.progress() as bar:
        task = bar.add_task("Work", total=1_000)
        for done in range(900):
            bar.update(task, completed=done)
        bar.update(task, completed=1_000)
        bar.add_task("Of unknown length", total=None)
    *work, unknown = captured.get().splitlines()
    assert [line.split(" of ")[0] for line in work] == [
        "Work: 0",
        *(f"Work: {hundred}00" for hundred in range(1, 9)),
        "Work: 1,000",
    ]
    assert " of " not in unknown.removeprefix("Of unknown length")
