"""Double-random inspections and oversight (rung 4): objects and inspectors drawn in public, results published.

Law: 优化营商环境条例 54, 行政处罚法 42, 国发〔2019〕5号; R-DR-01 to R-DR-16. Pure: vocabulary, items, stages, sampling.
"""
