kgq_test(nn gradient SOURCES nn/probe.c)
