kgq_test(reasoner parse)
kgq_test(reasoner oracle SOURCES reasoner/oracle_datalog.c)
