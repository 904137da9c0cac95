using MeshGrains.Agent.Commands;

return await AgentCommand.Create().Parse(args).InvokeAsync();
