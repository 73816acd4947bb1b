"""stub"""
def card(report): return report.title
def to_markdown(report): return ""
