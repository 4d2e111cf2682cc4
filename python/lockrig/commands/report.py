"""./lockrig report"""

from pathlib import Path

import click


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
def report(directory: Path) -> int:
    """Render the report of a run again, from its journal DIR/run.db.

    Ends with the exit status of the run.

    \b
    Example:
      ./lockrig report /tmp/nightly
    """
    from lockrig.root import shown
    from reports import exit_status, render
    from reports.summary import findings

    record = render(directory)
    click.echo(f"report   {shown(directory)}/report.html")
    reasons = [reason for _, reason in findings(record)]
    click.echo(f"verdict  {'; '.join(reasons) if reasons else 'all passed'}")
    return exit_status(record)
