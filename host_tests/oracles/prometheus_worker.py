"""What Prometheus' own parsers, of OpenMetrics and of the format before it, say of a text.

A row is {"text": ..., "plain": false}; the answer {"families": {name: [type, unit, help]}, "samples": [[name,
labels, value as text]]}. A text that breaks a rule is {"cannot": why}.
"""

from common import serve
from prometheus_client import parser
from prometheus_client.openmetrics import parser as open_parser


def answer(row):
    """Answer of one text."""
    parse = parser if row["plain"] else open_parser
    families = list(parse.text_string_to_metric_families(row["text"]))
    return {
        "families": {family.name: [family.type, family.unit, family.documentation] for family in families},
        "samples": [
            [sample.name, sample.labels, repr(sample.value)]
            for family in families
            for sample in family.samples
        ],
    }


if __name__ == "__main__":
    serve(answer)
