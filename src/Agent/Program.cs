using MeshGrains.Agent.Commands;

return await AgentCommand.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
