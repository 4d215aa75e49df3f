using WholeSchoolSend.Simulation;

return Commands.Run(args);
