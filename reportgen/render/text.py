def to_text(report, **k): return ''
def metrics_text(run, settings): return ''
