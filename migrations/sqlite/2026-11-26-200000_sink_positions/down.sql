DROP TABLE sink_positions;
