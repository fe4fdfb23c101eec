"""``bench``: the project's own benchmarks, every ratio measured in one run."""

import click


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def bench(ctx: click.Context, *, arguments: tuple[str, ...]) -> None:
    """Measure and print the performance tables; ARGUMENTS name single benchmarks, --quick shortens them."""
    from benchmarks.suite import main  # imports the plain-Python yardsticks

    ctx.exit(main(list(arguments)))


COMMAND = bench
