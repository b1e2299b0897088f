"""The forecast as text: each block with its verdict and its table, then a line for all the rest."""

from mxprobe.mx.whatif import Forecast
from mxprobe.report.forecast_told import Block, ForecastTold, tell_chosen, tell_forecast
from mxprobe.report.words import WIDTH, columns, wrap

_WIDTHS = (20, 28, 26, 19)


def render_forecast(forecast: Forecast) -> list[str]:
    """The lines of all what-ifs, and what the forecast rests on."""
    told = tell_forecast(forecast)
    folded = [line for sentence in told.folded for line in wrap(" ", sentence)]
    return [*_under_heading(told), *([""] if told.blocks else []), *folded, *_grounds(told)]


def render_chosen(forecast: Forecast) -> list[str]:
    """What a person asked about: a block for each part, whatever it changes."""
    told = tell_chosen(forecast)
    return [*_under_heading(told), "", *_grounds(told)]


def _grounds(told: ForecastTold) -> list[str]:
    return [line for sentence in told.grounds for line in wrap(" ", sentence)]


def _under_heading(told: ForecastTold) -> list[str]:
    """The blocks, an empty line before each; what all this is stands beside the first heading where it has room."""
    lines = [line for block in told.blocks for line in ("", *_block(block))]
    if not lines or len(lines[1]) + len(told.about) + 12 > WIDTH:
        return ["", f"FORECAST   {told.about}", *lines]
    return ["", f"{lines[1]}   forecast {told.about}", *lines[2:]]


def _block(block: Block) -> list[str]:
    lines = [*wrap("", block.title.upper()), *(line for sentence in block.says for line in wrap(" ", sentence))]
    if block.table is not None:
        for cells in (block.table.head, *block.table.rows):
            lines += [f" {line}" for line in columns(cells, _WIDTHS)]
    return [*lines, *(line for sentence in block.notes for line in wrap(" ", sentence))]
