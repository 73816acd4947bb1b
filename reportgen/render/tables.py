def to_csv(report, **k): return ''
