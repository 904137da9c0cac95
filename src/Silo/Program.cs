using MeshGrains.Silo;

return await MeshGrainsCommand.Create().Parse(args).InvokeAsync();
