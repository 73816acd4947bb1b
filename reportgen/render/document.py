def to_json(report, **k): return ''
